// The portal by itself: signing in, finding users, the drawer's choices, settings, audit.
import { AMARA, OWNER, PORTAL, drawer, drawerFromTable, expect, expectAccessible, hydrated, open, signIn, test } from "./support";

test("an operator signs in, is brought back to the page asked for, and signs out", async ({ page }) => {
  await page.goto(`${PORTAL}/production/audit?severity=high`);
  await expect(page).toHaveURL(/\/sign-in\?return_to=/);
  await hydrated(page);
  await page.getByLabel("E-mail").fill(OWNER.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The e-mail or the password is wrong.")).toBeVisible();
  await expect(page.getByLabel("E-mail")).toHaveValue(OWNER.email);
  await page.getByLabel("Password").fill("understudy-demo-1");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${PORTAL}/production/audit?severity=high`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await page.goto(`${PORTAL}/production/users`);
  await expect(page).toHaveURL(/\/sign-in/);
});

test("users are found, filtered, sorted and paged, all of it in the address", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  await expect(page.getByRole("row")).toHaveCount(51);
  await page.getByRole("link", { name: /Older|Next/ }).first().click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(page.getByRole("row")).toHaveCount(51);
  await page.getByRole("searchbox").fill("okafor");
  await expect(page).toHaveURL(/q=okafor/);
  await expect(page.getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("row", { name: AMARA.name })).toBeVisible();
  await page.reload();
  await hydrated(page);
  await expect(page.getByRole("row")).toHaveCount(2);
  await open(page, "/production/users?status=locked");
  for (const row of (await page.getByRole("row").all()).slice(1)) await expect(row).toContainText("Locked");
  await open(page, "/production/users?q=there+is+nobody+like+this");
  await expect(page.getByText(/No users? (match|found)/i).first()).toBeVisible();
});

test("on a phone, where the list has no heads, a choice sorts it", async ({ page }) => {
  await signIn(page);
  await page.setViewportSize({ width: 390, height: 800 });
  await open(page, "/production/users");
  await page.getByLabel("Sort by").selectOption("-name");
  await expect(page).toHaveURL(/sort=-name/);
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(page.getByLabel("Sort by")).toBeHidden();
  await expect(page.getByRole("columnheader", { name: "User" })).toHaveAttribute("aria-sort", "descending");
});

test("the days that are asked for most are one choice in the audit trail", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/audit");
  await page.getByRole("button", { name: "Dates" }).click();
  const days = page.getByRole("group", { name: "Days" });
  await days.getByRole("link", { name: "Today" }).click();
  await expect(page).toHaveURL(/from=(\d{4}-\d\d-\d\d)&to=\1&from_offset=/);
  await expect(days).toBeHidden();
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await page.locator(".filter", { has: page.getByRole("link", { name: "Remove filter: Dates" }) }).getByRole("button").click();
  await expect(days.getByRole("link", { name: "Today" })).toHaveAttribute("aria-current", "true");
});

test("a first visit to the users table loads at most 410 kB", async ({ page }) => {
  await signIn(page);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  devtools.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  await open(page, "/production/users");
  await page.waitForLoadState("networkidle");
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(410_000);
});

test("the drawer preselects the active account, and changing the account selects its default application", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  const account = dialog.getByLabel("Account");
  const application = dialog.getByLabel("Application");
  await expect(account.locator("option")).toHaveCount(3);
  await expect(account.locator("option:checked")).toContainText("Northwind Traders");
  await expect(application.locator("option:checked")).toContainText("Northwind Console");
  const start = dialog.getByRole("button", { name: "Start session" });
  await expect(start).toBeEnabled();
  const others = (await account.locator("option").allTextContents()).filter((name) => !name.includes("Northwind"));
  let without = 0;
  for (const name of others) {
    await account.selectOption({ label: name });
    if ((await application.count()) === 0) {
      without += 1;
      await expect(start).toBeDisabled();
      await expect(dialog).toContainText("The chosen account has no applications.");
    } else {
      expect(name).toContain("Harbor Logistics");
      await expect(application.locator("option")).toHaveText(["Harbor Dispatch (default)", "Northwind Console"]);
      await expect(application.locator("option:checked")).toHaveText("Harbor Dispatch (default)");
      await expect(dialog).toContainText("in 5 minutes");
      await expect(start).toBeEnabled();
    }
  }
  expect(without, "one of the three accounts has no application").toBe(1);
  await account.selectOption({ label: (await account.locator("option").allTextContents()).find((name) => name.includes("Northwind"))! });
  await expect(application.locator("option:checked")).toContainText("Northwind Console");
});

test("an empty reason is refused in the form, with the field marked and the focus on it", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  const reason = dialog.getByLabel("Reason");
  await reason.fill("   ");
  await dialog.getByRole("button", { name: "Start session" }).click();
  await expect(dialog.getByText("Say why you are signing in as this user.")).toBeVisible();
  await expect(reason).toHaveAttribute("aria-invalid", "true");
  await expect(reason).toBeFocused();
  await reason.fill("x".repeat(501));
  await dialog.getByRole("button", { name: "Start session" }).click();
  await expect(dialog.getByText("Too long by 1. 500 characters are the most.")).toBeVisible();
  await expect(reason).toHaveValue("x".repeat(501));
  expect(page.context().pages()).toHaveLength(1);
});

test("the drawer is open where the address says so, closes with Escape and gives the focus back", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  await expect(page).toHaveURL(/impersonate=/);
  await page.reload();
  await hydrated(page);
  await drawer(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page).not.toHaveURL(/impersonate=/);
});

test("where starting is not allowed the button is there, disabled, with the reason", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users?q=dana.w%40northwind.example");
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Dana Whitfield");
  await expect(page.getByRole("button", { name: "Impersonate" })).toBeDisabled();
  await expect(page.getByText("This user is locked. Locked users cannot be impersonated.").first()).toBeVisible();
});

test("an impersonator without a second role sees that there is nothing to see", async ({ page }) => {
  await open(page, "/sign-in");
  await page.getByLabel("E-mail").fill("ivy.impersonator@understudy.example");
  await page.getByLabel("Password").fill("understudy-demo-5");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText(/Your role does not allow this/).first()).toBeVisible();
});

test("names in any script, and with script tags in them, are shown as text", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users?q=%3Cscript");
  await expect(page.getByRole("row").nth(1)).toContainText("<script>alert(1)</script>");
  await open(page, "/production/users?q=%D7%94%D7%A9%D7%99%D7%A8");
  await expect(page.getByRole("row").nth(1)).toContainText("השיר כהן");
});

const PAGES = ["/production/users", "/production/users?impersonate=AMARA", "/production/users/AMARA", "/production/impersonation", "/production/applications", "/production/audit", "/production/keys", "/production/users?q=nobody-at-all"];

for (const colorScheme of ["light", "dark"] as const) {
  test(`no page has a grave accessibility fault, ${colorScheme}`, async ({ page, complaints }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await open(page, "/sign-in");
    await expectAccessible(page);
    await signIn(page);
    await open(page, `/production/users?q=${encodeURIComponent(AMARA.email)}`);
    const href = await page.getByRole("row").nth(1).locator("a.person-name").getAttribute("href");
    const id = href!.split("/").pop()!;
    for (const path of PAGES) {
      await open(page, path.replace("AMARA", id));
      await page.waitForLoadState("networkidle");
      await expectAccessible(page);
    }
    expect(complaints).toEqual([]);
    // Pages that do not exist answer 404, which a browser calls an error.
    for (const path of ["/production/nothing-here", "/nothing-here", "/nowhere/users", `/staging/users/${id}`]) {
      await page.goto(PORTAL + path);
      await expect(page.getByText(/nothing (here|at)/i).first()).toBeVisible();
      await expectAccessible(page);
    }
    expect(complaints.splice(0).filter((complaint) => !complaint.includes("404"))).toEqual([]);
  });
}
