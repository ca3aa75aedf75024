// The main job by hand: text, Enter, text, Control and Enter. Keys and clicks are counted.
import { AMARA, drawer, expect, hydrated, open, signIn, test } from "./support";

test("a session is started with two keys beside the text, and without a click", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  const search = page.getByRole("searchbox");
  await expect(search).toBeFocused();
  await page.evaluate(() => {
    const counted = { keys: [] as string[], clicks: 0 };
    Object.assign(window, { counted });
    addEventListener("pointerdown", () => counted.clicks++, true);
    addEventListener("keydown", (event) => {
      const modifier = ["Control", "Meta", "Shift", "Alt"].includes(event.key);
      if (event.key.length > 1 && !modifier) counted.keys.push((event.ctrlKey ? "Control+" : "") + event.key);
    }, true);
  });
  // Faster than the list follows: what Enter opens is what was typed.
  await page.keyboard.type(AMARA.email);
  await page.keyboard.press("Enter");
  const dialog = await drawer(page);
  await expect(dialog.getByRole("heading", { name: AMARA.name })).toBeVisible();
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await page.keyboard.type("By hand alone");
  const tab = page.context().waitForEvent("page");
  await page.keyboard.press("Control+Enter");
  await tab;
  await expect(dialog.getByText("Session running").first()).toBeVisible();
  const counted = await page.evaluate(() => (window as unknown as { counted: { keys: string[]; clicks: number } }).counted);
  expect(counted).toEqual({ keys: ["Enter", "Control+Enter"], clicks: 0 });
  // Enter once more closes what is done, and the list is there as it was.
  await expect(dialog.getByRole("link", { name: "Done" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(page).toHaveURL(/\/production\/users\?q=/);
});

test("the slash leads to the search box from anywhere in the list, and is a letter where one types", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  const search = page.getByRole("searchbox");
  await expect(search).toBeFocused();
  await page.getByRole("heading", { level: 1 }).click();
  await expect(search).not.toBeFocused();
  await page.keyboard.press("/");
  await expect(search).toBeFocused();
  await expect(search).toHaveValue("");
  await page.keyboard.type("a/b");
  await expect(search).toHaveValue("a/b");
  await open(page, `/production/users?q=${encodeURIComponent(AMARA.email)}`);
  await page.getByRole("link", { name: `Impersonate ${AMARA.name}` }).click();
  const dialog = await drawer(page);
  await page.keyboard.type("and/or");
  await expect(dialog.getByLabel("Reason")).toHaveValue("and/or");
});

test("a slash in the empty search box is searched for like any other letter", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  const search = page.getByRole("searchbox");
  await expect(search).toBeFocused();
  await page.keyboard.press("/");
  await expect(search).toHaveValue("/");
  await expect(search).toBeFocused();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "No user found" })).toBeVisible();
  await expect(page).toHaveURL(/\/production\/users\?q=(%2F|\/)$/);
  // The list is there again as soon as the slash is gone, and the box is where one types on.
  await page.keyboard.press("Backspace");
  await expect(search).toHaveValue("");
  await expect(page.locator(".users-table .person-name").first()).toBeVisible();
  await page.keyboard.type("//");
  await expect(search).toHaveValue("//");
});

test("Enter where nobody matches says so, and opens nothing", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("nobody is called this");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "No user found" })).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a reason that is too long is said beside the button, which then starts nothing", async ({ page }) => {
  await signIn(page);
  await open(page, `/production/users?q=${encodeURIComponent(AMARA.email)}`);
  await page.getByRole("link", { name: `Impersonate ${AMARA.name}` }).click();
  const dialog = await drawer(page);
  await dialog.getByLabel("Reason").fill("x".repeat(520));
  const start = dialog.getByRole("button", { name: "Start session" });
  await expect(dialog.getByText("Too long by 20", { exact: true })).toBeInViewport();
  await start.click();
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  expect(page.context().pages()).toHaveLength(1);
  await dialog.getByLabel("Reason").fill("x".repeat(500));
  await expect(dialog.getByText("Too long by", { exact: false })).toHaveCount(0);
});

test("Back leads to where one was in the list", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users?sort=name");
  await page.evaluate(() => scrollTo(0, 1500));
  await page.waitForFunction(() => scrollY === 1500);
  const links = page.locator(".users-table .person-name");
  await links.nth(35).click();
  await page.waitForURL(/\/users\/[0-9a-f-]{36}/);
  await expect(page.getByRole("heading", { name: "Profile" })).toBeVisible();
  await page.goBack();
  await expect(links.nth(35)).toBeVisible();
  await expect.poll(() => page.evaluate(() => Math.round(scrollY))).toBe(1500);
  // The breadcrumb leads back to the list as it was, too, and names the record.
  await links.nth(35).click();
  const trail = page.getByRole("navigation", { name: "Breadcrumb" });
  await expect(trail.locator("[aria-current]")).toHaveText((await page.getByRole("heading", { level: 1 }).textContent())!);
  await trail.getByRole("link", { name: "Users" }).click();
  await expect(page).toHaveURL(/sort=name/);
  await hydrated(page);
});
