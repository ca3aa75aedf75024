// One account among many: found by typing, with the keys alone, late answers and failures included, and without script.
import { PORTAL, expect, expectAccessible, open, signIn, test } from "./support";
import type { Page } from "@playwright/test";

const SEARCH = "**/rpc/accounts/search";

/** The panel of the filter, opened with the keys alone. */
async function opened(page: Page, path: string) {
  await signIn(page);
  await open(page, path);
  await page.getByRole("button", { name: "Account", exact: true }).focus();
  await page.keyboard.press("Enter");
  const field = page.getByRole("combobox", { name: "Account" });
  await expect(field).toBeFocused();
  return { field, list: page.getByRole("listbox", { name: "Accounts" }), said: page.locator("#account-choice [role=status]") };
}

/** The option that a screen reader is told of. */
function active(page: Page) {
  return page.locator("#account-choice [role=option][aria-selected=true]");
}

for (const list of ["users", "audit"]) {
  test(`an account is found and chosen with the keys alone, in the list of ${list}`, async ({ page }) => {
    const { field, list: options, said } = await opened(page, `/production/${list}`);
    await expect(said).toHaveText(/^\d+ accounts\.$|keep typing/);
    await expect(field).toHaveAttribute("aria-expanded", "true");
    await expect(field).not.toHaveAttribute("aria-activedescendant", /./);
    // Nothing typed and nothing gone to: Enter chooses nobody.
    await page.keyboard.press("Enter");
    await expect(field).toBeFocused();
    const count = await options.getByRole("option").count();
    const names = await options.getByRole("option").allInnerTexts();
    for (const [key, place] of [["ArrowDown", 0], ["ArrowDown", 1], ["End", count - 1], ["ArrowDown", 0], ["ArrowUp", count - 1], ["Home", 0]] as const) {
      await page.keyboard.press(key);
      await expect(active(page)).toHaveText(names[place], { useInnerText: true });
      await expect(field).toHaveAttribute("aria-activedescendant", (await active(page).getAttribute("id"))!);
      await expect(active(page)).toBeInViewport();
    }
    await page.keyboard.type("northw");
    await expect(options.getByRole("option")).toHaveCount(1);
    await expect(said).toHaveText("1 account.");
    await expect(active(page)).toContainText("Northwind Traders northwind");
    await expectAccessible(page);
    // In the text the keys are the text's own.
    await page.keyboard.press("Home");
    await page.keyboard.type("x");
    await expect(field).toHaveValue("xnorthw");
    await expect(said).toContainText("Nothing found");
    await expect(field).toHaveAttribute("aria-expanded", "false");
    await page.keyboard.press("Backspace");
    await expect(options.getByRole("option")).toHaveCount(1);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/account=northwind$/);
    const chosen = page.getByRole("button", { name: "Northwind Traders (northwind)" });
    await expect(chosen).toBeFocused();
    await expect(field).toBeHidden();
    await page.getByRole("link", { name: "Remove filter: Account" }).press("Enter");
    await expect(page).not.toHaveURL(/account=/);
  });
}

test("Escape leaves the choice as it was, and what was typed can be gone on with", async ({ page }) => {
  const { field } = await opened(page, "/production/users");
  await page.keyboard.type("harb");
  await expect(active(page)).toContainText("Harbor Logistics");
  await page.keyboard.press("Escape");
  await expect(field).toBeHidden();
  await expect(page.getByRole("button", { name: "Account", exact: true })).toBeFocused();
  await expect(page).not.toHaveURL(/account=/);
  await page.keyboard.press("Enter");
  await expect(field).toHaveValue("harb");
  await active(page).click();
  await expect(page).toHaveURL(/account=harbor$/);
});

test("an answer that comes late does not replace that of what is typed now, and Enter waits for the right one", async ({ page }) => {
  const { field, list } = await opened(page, "/production/users");
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(SEARCH, async (route) => {
    if (route.request().postData()?.includes("typed=northw")) await held;
    await route.continue();
  });
  const late = page.waitForRequest((request) => request.postData()?.includes("typed=northw") ?? false);
  await field.fill("northw");
  await late;
  const answered = page.waitForEvent("requestfinished", (request) => request.postData()?.includes("typed=northw") ?? false);
  await field.fill("harbor");
  await expect(active(page)).toContainText("Harbor Logistics");
  release();
  await answered;
  await expect(active(page)).toContainText("Harbor Logistics");
  await expect(list.getByRole("option")).toHaveCount(1);
  // Typed and sent at once: what is shown still answers something else.
  await field.fill("northwind tr");
  await field.press("Enter");
  await expect(page).toHaveURL(/account=northwind$/);
});

test("a search for accounts that fails says so, and the next one mends it", async ({ page, complaints }) => {
  const { field, list } = await opened(page, "/production/users");
  await expect(list.getByRole("option").first()).toBeVisible();
  await page.route(SEARCH, (route) => route.abort());
  await field.fill("northw");
  const alert = page.locator("#account-choice").getByRole("alert");
  await expect(alert).toBeVisible();
  await expect(list).toBeHidden();
  await expectAccessible(page);
  await page.unroute(SEARCH);
  await field.press("Enter");
  await expect(page).toHaveURL(/account=northwind$/);
  await expect(alert).toBeHidden();
  expect(complaints.splice(0).filter((complaint) => !complaint.includes("ERR_FAILED"))).toEqual([]);
});

test("without script an account is found by a search form, and chosen by a link", async ({ browser, page }) => {
  await signIn(page);
  const context = await browser.newContext({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  const plain = await context.newPage();
  await plain.goto(`${PORTAL}/production/users?status=active`);
  await plain.getByRole("button", { name: "Account", exact: true }).click();
  const field = plain.getByRole("textbox", { name: "Account" });
  await expect(field).toBeFocused();
  await field.fill("northw");
  await plain.locator("#account-choice").getByRole("button", { name: "Search" }).click();
  await expect(plain.getByText("1 account.")).toBeVisible();
  await plain.getByRole("link", { name: "Northwind Traders northwind" }).click();
  await expect(plain).toHaveURL(/account=northwind$/);
  await expect(plain).toHaveURL(/status=active/);
  await expect(plain.getByRole("button", { name: "Northwind Traders (northwind)" })).toBeVisible();
  for (const row of (await plain.getByRole("row").all()).slice(1)) await expect(row).toContainText("Active");
  await context.close();
});
