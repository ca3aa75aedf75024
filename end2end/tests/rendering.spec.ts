// Pages as the server draws them, taken over by the browser: with the data that came along, and without a word to the server.
import { AMARA, PORTAL, expect, open, signIn, test } from "./support";

test("the browser takes every page over with the data that came in it, and asks for none again", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  const user = await page.locator("a.person-name").first().getAttribute("href");
  await open(page, "/production/applications");
  const application = await page.locator('a[href*="/production/applications/"]').first().getAttribute("href");
  await open(page, "/production/audit");
  const event = await page.locator('a[href*="event="]').first().getAttribute("href");
  const id = user!.split("/").pop()!;
  const calls: string[] = [];
  page.on("request", (request) => {
    const path = new URL(request.url()).pathname;
    if (/^\/rpc\/(shell|users|applications|audit|keys|impersonation\/(drawer|overview))/.test(path)) calls.push(path);
  });
  for (const path of [
    "/production/users",
    "/production/users?q=an&sort=name",
    `/production/users?impersonate=${id}`,
    user!,
    `${user}?impersonate=1`,
    "/production/applications",
    application!,
    "/production/impersonation",
    "/production/audit",
    event!,
    "/production/keys",
  ]) {
    await open(page, path);
    await expect(page.getByRole("complementary", { name: "Portal", includeHidden: true })).toHaveCount(1);
    expect(calls, path).toEqual([]);
  }
  // From here on it asks for what it does not have.
  await page.getByRole("link", { name: "Applications" }).first().click();
  await expect(page.getByRole("heading", { name: "Applications" })).toBeVisible();
  await expect(page.getByRole("table")).toBeVisible();
  expect(calls).toContain("/rpc/applications/list");
});

test("the one menu of the users list hangs on the row that opened it", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  const rows = page.getByRole("row");
  for (const number of [2, 5]) {
    const name = await rows.nth(number).locator("a.person-name").innerText();
    const button = rows.nth(number).getByRole("button", { name: `Actions for ${name}` });
    await button.click();
    const menu = page.getByRole("group", { name: `Actions for ${name}` });
    await expect(menu).toBeVisible();
    const [from, to] = [await button.boundingBox(), await menu.boundingBox()];
    expect(Math.abs(to!.y - from!.y), "beside its row").toBeLessThan(260);
    const href = await rows.nth(number).locator("a.person-name").getAttribute("href");
    await expect(menu.getByRole("link", { name: "Open user" })).toHaveAttribute("href", href!);
    // It lies over the rows below.
    await page.keyboard.press("Escape");
    await expect(page.locator("#user-menu")).toBeHidden();
  }
  await open(page, `/production/users?q=${encodeURIComponent(AMARA.email)}`);
  await page.getByRole("button", { name: `Actions for ${AMARA.name}` }).click();
  await page.getByRole("link", { name: "Impersonate user" }).click();
  await expect(page.getByRole("dialog", { name: "Impersonate user" })).toBeVisible();
  await expect(page.locator("#user-menu")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Impersonate user" })).toBeHidden();
  await expect(page.getByRole("button", { name: `Actions for ${AMARA.name}` })).toBeFocused();
});

test("without script every row leads to what its menu offers", async ({ browser, page }) => {
  await signIn(page);
  const context = await browser.newContext({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  const plain = await context.newPage();
  await plain.goto(`${PORTAL}/production/users?q=${encodeURIComponent(AMARA.email)}`);
  await expect(plain.getByRole("button", { name: `Actions for ${AMARA.name}` })).toBeHidden();
  await plain.getByRole("link", { name: `Impersonate ${AMARA.name}` }).click();
  await expect(plain.getByRole("dialog")).toBeVisible();
  await plain.goto(`${PORTAL}/production/users?q=${encodeURIComponent(AMARA.email)}`);
  await plain.getByRole("link", { name: AMARA.name, exact: true }).click();
  await expect(plain.getByRole("heading", { name: AMARA.name })).toBeVisible();
  await context.close();
});
