// Administration: pages that only the server draws, with the script that makes them quick and without it.
import { AMARA, OPERATOR_PASSWORD, OWNER, PORTAL, expect, expectAccessible, open, signIn, test } from "./support";

test("a role is made, refused at its fields, mended, and deleted after a question that says what it ends", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/roles/new");
  await expectAccessible(page);
  await page.getByLabel("Name").fill("Rechnungsprüfung <b>");
  await expect(page.getByLabel("Key")).toHaveValue("rechnungsprufung-b");
  await page.getByLabel("Permissions").fill("two words\ninvoices.read");
  await page.getByRole("button", { name: "Make role" }).click();
  await expect(page.getByText("two words is no permission")).toBeVisible();
  await expect(page.getByLabel("Permissions")).toBeFocused();
  await expect(page.getByLabel("Name")).toHaveValue("Rechnungsprüfung <b>");
  await page.getByLabel("Permissions").fill("invoices.read");
  await page.getByRole("button", { name: "Make role" }).click();
  await expect(page.getByText("The role Rechnungsprüfung <b> was made.")).toBeVisible();
  await expect(page).toHaveURL(`${PORTAL}/production/roles`);
  await expectAccessible(page);
  await page.getByRole("link", { name: "Rechnungsprüfung <b>" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  const question = page.getByRole("dialog", { name: "Delete the role Rechnungsprüfung <b>?" });
  await expect(question).toContainText("Nobody has it. What it permits is gone");
  await question.getByRole("button", { name: "Delete role" }).click();
  await expect(page.getByText("was deleted")).toBeVisible();
});

test("what was typed outlives a reload and a sign-in that has ended", async ({ page, context }) => {
  await signIn(page);
  await open(page, "/production/applications/new");
  await page.getByLabel("Name").fill("Kept");
  await page.getByLabel("App URL").fill("https://kept.example/");
  await page.reload();
  await expect(page.getByText("What you typed here before is back")).toBeVisible();
  await expect(page.getByLabel("App URL")).toHaveValue("https://kept.example/");
  await expect(page.getByLabel("Client id")).toHaveValue("kept");
  await context.clearCookies();
  await page.getByRole("button", { name: "Make application" }).click();
  const again = page.getByRole("dialog");
  await again.getByLabel("E-mail").fill(OWNER.email);
  await again.getByLabel("Password").fill(OPERATOR_PASSWORD);
  await again.getByRole("button", { name: "Sign in and go on" }).click();
  await expect(page.getByRole("heading", { name: "Kept was made" })).toBeVisible();
  await expect(page.getByText(/^ucs_/)).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "I have copied it: connect" }).click();
  await expect(page.getByLabel("Code for openid-client")).toContainText('"kept"');
  await page.getByRole("link", { name: "Spring Security" }).click();
  await expect(page.getByLabel("Code for Spring Security")).toContainText("issuer-uri");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete application" }).click();
  await expect(page.getByText("Kept was deleted.")).toBeVisible();
});

test("anything is found by the keyboard, from a page of either kind", async ({ page }) => {
  await signIn(page);
  for (const path of ["/production/roles", "/production/keys"]) {
    await open(page, path);
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Find anything" });
    await palette.getByRole("combobox").fill("amara ok");
    await expect(palette.getByRole("option", { name: AMARA.name })).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(AMARA.name);
  }
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find anything" }).fill("amara ok");
  await expect(page.getByRole("option", { name: AMARA.name })).toBeVisible();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("dialog", { name: /Impersonate/ })).toBeVisible();
  await open(page, "/production/keys");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await expect(page).toHaveURL(`${PORTAL}/production/roles`);
});

test("an operator is invited by a link, chooses a password, and is suspended", async ({ page, secondContext }) => {
  await signIn(page);
  await open(page, "/production/operators/new");
  await expectAccessible(page);
  await page.getByLabel("E-mail").fill("nina.new@understudy.example");
  await page.getByLabel("Name").fill("Nina New");
  await page.getByRole("group", { name: "Roles in Production" }).getByLabel("Backoffice Viewer").check();
  await page.getByRole("button", { name: /Invite|invitation/ }).click();
  const link = await page.locator("code", { hasText: "/invitation" }).innerText();
  const nina = await secondContext.newPage();
  await nina.goto(link);
  const passwords = nina.locator("input[type=password]");
  await passwords.nth(0).fill("a-long-enough-password-1");
  await passwords.nth(1).fill("a-long-enough-password-1");
  await nina.locator("main button[type=submit]").click();
  await expect(nina.getByRole("heading", { level: 1, name: "Users" })).toBeVisible();
  await expect(nina.getByRole("link", { name: "Operators" })).toHaveCount(0);
  await open(page, "/production/operators?q=nina");
  await page.getByRole("link", { name: "Nina New" }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Suspend" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: /Suspend/ }).click();
  await expect(page.getByText("Suspended").first()).toBeVisible();
  await nina.goto(`${PORTAL}/production/users`);
  await expect(nina).toHaveURL(/\/sign-in/);
});

test("pages of administration have no barrier, in light and dark and on a phone", async ({ page }) => {
  // Each page is looked at twice, and that takes its time.
  test.slow();
  await signIn(page);
  const pages = ["overview", "roles", "accounts", "accounts/northwind", "accounts/new", "operators", "environments", "users/new", "users/bulk"];
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const path of pages) {
      await open(page, `/production/${path}`);
      await expectAccessible(page);
    }
  }
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of pages) {
    await open(page, `/production/${path}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    expect(wide, `${path} is wider than the screen`).toBe(false);
  }
});
