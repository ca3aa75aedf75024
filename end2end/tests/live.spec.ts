// What changes by itself while somebody works on it: nothing is missed, and nothing moves from under a hand.
import type { Page } from "@playwright/test";

import {
  AMARA, OWNER, PORTAL, SAMPLE,
  drawer, drawerFromTable, expect, expectAccessible, hydrated, open, signIn, startSession, startSignedOut, test,
} from "./support";

const HARBOR = "Harbor Logistics";

async function start(page: Page, reason: string) {
  const tab = await startSession(page, await drawerFromTable(page, AMARA), reason);
  await tab.waitForURL((url) => url.href.startsWith(`${SAMPLE}/s/`));
  return tab;
}

/** The row of a session in the live list, by its reason. */
function live(page: Page, reason: string) {
  return page.getByRole("row").filter({ hasText: reason });
}

async function chooseHarbor(page: Page) {
  const dialog = await drawer(page);
  const account = dialog.getByLabel("Account");
  const harbor = (await account.locator("option").allTextContents()).find((name) => name.includes(HARBOR))!;
  await account.selectOption({ label: harbor });
  await dialog.getByLabel("Application").selectOption({ label: "Northwind Console" });
  return dialog;
}

async function expectHarbor(page: Page) {
  const dialog = await drawer(page);
  await expect(dialog.getByLabel("Account").locator("option:checked")).toContainText(HARBOR);
  await expect(dialog.getByLabel("Application").locator("option:checked")).toContainText("Northwind Console");
  return dialog;
}

test("the focus in the live list stays at its session while others start", async ({ page }) => {
  await signIn(page);
  const own = await start(page, "Held by the keyboard");
  const watching = await page.context().newPage();
  await open(watching, "/production/impersonation");
  const end = live(watching, "Held by the keyboard").locator("button[data-session]");
  const session = (await end.getAttribute("data-session"))!;
  await end.focus();
  const other = await start(page, "Started meanwhile");
  await watching.bringToFront();
  await expect(live(watching, "Started meanwhile")).toHaveCount(1);
  const focused = () => watching.evaluate(() => document.activeElement?.getAttribute("data-session"));
  expect(await focused()).toBe(session);
  await watching.keyboard.press("Enter");
  await expect(live(watching, "Held by the keyboard").getByRole("button", { name: /^Undo/ })).toBeVisible();
  await expect(live(watching, "Started meanwhile").getByRole("button", { name: /^End/ })).toBeVisible();
  await expect(own.getByText("This session has ended")).toBeVisible();
  await expect(live(watching, "Held by the keyboard")).toHaveCount(0);
  await other.reload();
  await expect(other.getByRole("region", { name: "Impersonation" })).toBeVisible();
  await live(watching, "Started meanwhile").getByRole("button", { name: /^End/ }).click();
  await expect(other.getByText("This session has ended")).toBeVisible();
});

test("a session that starts right after the page is there appears in the list", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  const watching = await page.context().newPage();
  await open(watching, "/production/impersonation");
  // Sooner than the page follows.
  await startSession(page, dialog, "Sooner than the stream");
  await watching.bringToFront();
  await expect(live(watching, "Sooner than the stream")).toHaveCount(1);
  await live(watching, "Sooner than the stream").getByRole("button", { name: /^End/ }).click();
  await expect(live(watching, "Sooner than the stream")).toHaveCount(0);
});

test("a question stays open while others start and end, and follows the count", async ({ page }) => {
  await signIn(page);
  await start(page, "Before the question");
  const watching = await page.context().newPage();
  await open(watching, "/production/impersonation");
  await watching.getByRole("button", { name: "End all" }).click();
  const question = watching.locator("#end-all");
  await expect(question).toBeVisible();
  await start(page, "During the question");
  await watching.bringToFront();
  await expect(live(watching, "During the question")).toHaveCount(1);
  await expect(question).toBeVisible();
  await expect(question.getByRole("heading")).toHaveText(/^End all \d+ sessions\?$/);
  await question.getByRole("button", { name: "Keep them" }).click();
  await expect(question).toBeHidden();
  for (const reason of ["Before the question", "During the question"]) {
    await live(watching, reason).getByRole("button", { name: /^End/ }).click();
  }
  await expect(live(watching, "the question")).toHaveCount(0);
});

test("a double click on End ends, and does not take it back", async ({ page }) => {
  await signIn(page);
  const tab = await start(page, "Clicked twice");
  await page.bringToFront();
  await open(page, "/production/impersonation");
  await live(page, "Clicked twice").getByRole("button", { name: /^End/ }).dblclick();
  await expect(live(page, "Clicked twice").getByRole("button", { name: /^Undo/ })).toBeVisible();
  await expect(tab.getByText("This session has ended")).toBeVisible();
});

test("account and application are there again after Escape, a reload and a new sign-in", async ({ page }) => {
  await signIn(page);
  await open(page, `/production/users?q=${encodeURIComponent(AMARA.email)}`);
  const opener = page.getByRole("link", { name: `Impersonate ${AMARA.name}` });
  await opener.click();
  await chooseHarbor(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await opener.click();
  await expectHarbor(page);
  await page.reload();
  await hydrated(page);
  const dialog = await expectHarbor(page);
  await startSignedOut(page, dialog, "In the account that was chosen");
  await expect((await expectHarbor(page)).getByLabel("Reason")).toHaveValue("In the account that was chosen");
});

test("a click beside the drawer closes it, and so does Back, and the focus is in the list again", async ({ page }) => {
  await signIn(page);
  await open(page, `/production/users?q=${encodeURIComponent(AMARA.email)}`);
  const opener = page.getByRole("link", { name: `Impersonate ${AMARA.name}` });
  for (const close of [() => page.mouse.click(20, 400), () => page.goBack()]) {
    await opener.click();
    await drawer(page);
    await close();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(page).not.toHaveURL(/impersonate=/);
    await expect(opener).toBeFocused();
  }
});

test("two running sessions in a drawer are told apart", async ({ page }) => {
  await signIn(page);
  const tabs = [await start(page, "The first of two here"), await start(page, "The second of two here")];
  await page.bringToFront();
  const dialog = page.getByRole("dialog", { name: "Impersonate user" });
  const names = await dialog.locator(".running").evaluateAll((all) => all.map((card) => card.getAttribute("aria-label")!));
  expect(names.length).toBeGreaterThanOrEqual(2);
  for (const name of names) expect(name).toMatch(/^(Running|Ended) session in .+, started \d\d:\d\d:\d\d: .+$/);
  expect(new Set(names).size).toBe(names.length);
  await expectAccessible(page);
  for (const reason of ["The first of two here", "The second of two here"]) {
    await dialog.locator(".running").filter({ hasText: reason }).getByRole("button", { name: /^End session as/ }).click();
  }
  for (const tab of tabs) await expect(tab.getByText("This session has ended")).toBeVisible();
});

test("the arrow keys lead from one event to the next while its drawer is open", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/audit");
  const links = page.locator(".audit-table .row-link");
  const ids = await links.evaluateAll((all) => all.map((link) => link.id.replace("event-", "")));
  await links.first().click();
  const dialog = page.getByRole("dialog", { name: "Event" });
  await expect(dialog.getByText(ids[0]!).first()).toBeVisible();
  for (const [key, at] of [["ArrowDown", 1], ["j", 2], ["k", 1], ["ArrowUp", 0], ["ArrowUp", 0]] as const) {
    await page.keyboard.press(key);
    await expect(page).toHaveURL(new RegExp(`event=${ids[at]}`));
    await expect(dialog.getByText(ids[at]!).first()).toBeVisible();
  }
  // Nothing of it is in the history: Back leaves the drawer.
  await page.goBack();
  await expect(dialog).toHaveCount(0);
});

test("in its last minute the bar of an application warns, and what has ended can be closed", async ({ page }) => {
  await signIn(page);
  const tab = await start(page, "Down to the last minute");
  const bar = tab.getByRole("region", { name: "Impersonation" });
  const warning = bar.getByText("Less than a minute is left.");
  await expect(warning).toBeHidden();
  await tab.route("**/state", (route) => route.fulfill({ json: { active: true, session_seconds: 42, token_seconds: 42 } }));
  await expect(warning).toBeVisible();
  await expectAccessible(tab);
  await tab.unroute("**/state");
  await expect(warning).toBeHidden();
  await bar.getByRole("button", { name: "End session" }).click();
  // A click that closes its own page may be told that the page is gone, which is what it was for.
  const unlessClosed = (error: Error) => {
    if (!tab.isClosed()) throw error;
    return true;
  };
  await tab.getByRole("button", { name: "Close tab" }).click().catch(unlessClosed);
  // A browser that does not see the tab as a page's own keeps it, and it says so.
  const told = tab.getByText("Close it yourself");
  await expect.poll(async () => tab.isClosed() || (await told.isVisible().catch(unlessClosed))).toBe(true);
});

test("what is refused for want of a sign-in leads to one, and what was entered stays", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/impersonation");
  const text = page.getByLabel("Protected permissions");
  await text.fill("billing.refund");
  await page.context().clearCookies({ name: "understudy" });
  await page.getByRole("button", { name: "Save settings" }).click();
  const link = page.getByRole("alert").getByRole("link", { name: "Sign in again" });
  await expect(link).toHaveAttribute("href", "/sign-in?return_to=%2Fproduction%2Fimpersonation");
  const opened = page.context().waitForEvent("page");
  await link.click();
  await (await opened).waitForURL(/\/sign-in/);
  await expect(text).toHaveValue("billing.refund");
});

test("Enter in an empty search box opens nobody's drawer", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.press("Enter");
  await page.waitForLoadState("networkidle");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("an unknown page of an environment keeps the frame, and an application's page names it", async ({ page, complaints }) => {
  await signIn(page);
  await page.goto(`${PORTAL}/production/nothing-here`);
  await hydrated(page);
  await expect(page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Applications" }).click();
  await page.getByRole("link", { name: "Northwind Console" }).first().click();
  await expect(page.getByRole("navigation", { name: "Breadcrumb" }).locator("[aria-current]")).toHaveText("Northwind Console");
  // A page that is not there answers 404, which a browser calls an error.
  expect(complaints.splice(0).filter((complaint) => !complaint.includes("404"))).toEqual([]);
});

test("a list that cannot be loaded keeps its count and its filters", async ({ page, complaints }) => {
  await signIn(page);
  await open(page, "/production/users");
  const count = page.locator(".page-count");
  const said = (await count.textContent())!;
  await page.route("**/rpc/users/list", (route) => route.fulfill({ status: 500, body: "" }));
  await page.getByRole("searchbox").fill("nobody comes back");
  await expect(page.getByText("This could not be shown")).toBeVisible();
  await expect(count).toHaveText(said);
  await expect(page.getByRole("button", { name: "Account" })).toBeVisible();
  expect(complaints.splice(0).filter((complaint) => !complaint.includes("500"))).toEqual([]);
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("a refused sign-in keeps the e-mail", async ({ page }) => {
    await page.goto(`${PORTAL}/sign-in`);
    await page.getByLabel("E-mail").fill(OWNER.email);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("The e-mail or the password is wrong.")).toBeVisible();
    await expect(page.getByLabel("E-mail")).toHaveValue(OWNER.email);
  });
});
