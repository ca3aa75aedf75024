// The main job: impersonate, be seen, be stopped. In a real browser, with both sample applications.
import type { BrowserContext, Page } from "@playwright/test";

import {
  AMARA, OWNER, PORTAL, SAMPLE, SAMPLE_SHORT, USER_PASSWORD,
  drawer, drawerFromTable, drawerWithoutScript, expect, expectAccessible, hydrated, open, signIn, startSession, test,
} from "./support";

const CHEN = { email: "wei.chen@harborlogistics.example", name: "Chen Wei" };

/** The sample application, signed in as somebody, with the banner that says by whom. */
async function expectImpersonated(tab: Page, application: string, name: string) {
  await tab.waitForURL((url) => url.href.startsWith(`${application}/s/`));
  await expect(tab.getByRole("banner").getByText(name)).toBeVisible();
  const banner = tab.getByRole("region", { name: "Impersonation" });
  await expect(banner).toContainText(`${OWNER.name} is working as ${name}`);
  return banner;
}

async function claims(tab: Page, which: "access-token" | "id-token") {
  return JSON.parse((await tab.locator(`#${which}`).textContent())!);
}

/** A user signs in at the provider's own pages. */
async function userSignsIn(context: BrowserContext, user: { email: string }) {
  const page = await context.newPage();
  await page.goto(`${PORTAL}/id/production/account/sessions`);
  await page.getByLabel("E-mail").fill(user.email);
  await page.getByLabel("Password").fill(USER_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "My sessions" })).toBeVisible();
  return page;
}

test("from the table, an Owner starts a session and the new tab is signed in as the user", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  const tab = await startSession(page, dialog, "Export of the June invoices fails for her");
  const banner = await expectImpersonated(tab, SAMPLE, AMARA.name);
  await expect(banner).toContainText(/5\d:\d\d/);
  await expectAccessible(tab);

  const access = await claims(tab, "access-token");
  await expect(banner).toContainText(`as ${AMARA.name} in Northwind Traders.`);
  const operator = await banner.locator("code[data-operator]").textContent();
  expect(access.act).toEqual({ sub: operator, iss: PORTAL });
  expect(access.tenantId).toBe("northwind");
  expect(access.exp - access.iat).toBeLessThanOrEqual(300);
  expect((await claims(tab, "id-token")).act).toEqual(access.act);
  expect((await claims(tab, "id-token")).auth_time).toBeUndefined();

  await tab.getByRole("button", { name: "Refresh" }).click();
  await expect(tab.getByText("The tokens were refreshed.")).toBeVisible();
  const refreshed = await claims(tab, "access-token");
  expect(refreshed.act).toEqual(access.act);
  expect(refreshed.sid).toBe(access.sid);
  expect(refreshed.jti).not.toBe(access.jti);

  // The portal's tab is what it was: the operator's.
  await expect(page.getByText(OWNER.name).first()).toBeVisible();
  await expect(dialog.getByText(/5\d:\d\d/).first()).toBeVisible();
  await page.reload();
  await hydrated(page);
  await expect(page.getByText(OWNER.name).first()).toBeVisible();

  // Ended in the drawer, the application notices by itself.
  const again = await drawer(page);
  await again.getByRole("button", { name: "End session" }).first().click();
  await expect(tab.getByText("This session has ended")).toBeVisible();
});

test("from the user's page, too", async ({ page }) => {
  await signIn(page);
  await open(page, `/production/users?q=${encodeURIComponent(AMARA.email)}`);
  await page.getByRole("link", { name: AMARA.name, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(AMARA.name);
  await hydrated(page);
  await page.getByRole("main").getByRole("link", { name: "Impersonate", exact: true }).click();
  const dialog = await drawer(page);
  const tab = await startSession(page, dialog, "Checking what her role shows");
  const banner = await expectImpersonated(tab, SAMPLE, AMARA.name);
  await banner.getByRole("button", { name: "End session" }).click();
  await expect(tab.getByText("This session has ended")).toBeVisible();
});

test("two tabs hold two users, and ending one leaves the other", async ({ page }) => {
  await signIn(page);
  const first = await startSession(page, await drawerFromTable(page, AMARA), "First of two");
  await expectImpersonated(first, SAMPLE, AMARA.name);
  const dialog = await drawerFromTable(page, CHEN);
  const second = await startSession(page, dialog, "Second of two");
  const secondBanner = await expectImpersonated(second, SAMPLE_SHORT, CHEN.name);
  await first.reload();
  await expectImpersonated(first, SAMPLE, AMARA.name);
  await secondBanner.getByRole("button", { name: "End session" }).click();
  await expect(second.getByText("This session has ended")).toBeVisible();
  await first.reload();
  await expectImpersonated(first, SAMPLE, AMARA.name);
  await open(page, "/production/impersonation");
  const live = page.getByRole("row").filter({ hasText: "First of two" });
  await expect(live).toContainText(AMARA.name);
  await live.getByRole("button", { name: "End" }).click();
  await expect(live).toHaveCount(0);
  await expect(first.getByText("This session has ended")).toBeVisible();
});

test("an application that keeps no session alive gets five minutes and no refresh", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  const application = dialog.getByLabel("Application");
  const dispatch = (await application.locator("option").allTextContents()).find((name) => name.includes("Harbor Dispatch"))!;
  await application.selectOption({ label: dispatch });
  await expect(dialog).toContainText("in 5 minutes");
  const tab = await startSession(page, dialog, "Short look");
  const banner = await expectImpersonated(tab, SAMPLE_SHORT, AMARA.name);
  await expect(banner).toContainText(/[45]:\d\d/);
  await expect(tab.getByRole("button", { name: "Refresh" })).toBeDisabled();
  await banner.getByRole("button", { name: "End session" }).click();
  await expect(tab.getByText("This session has ended")).toBeVisible();
});

test("the user sees the session among their own, with operator and reason, and revokes it", async ({ page, secondContext }) => {
  await signIn(page);
  const tab = await startSession(page, await drawerFromTable(page, AMARA), "To be revoked by <b>Amara</b>");
  await expectImpersonated(tab, SAMPLE, AMARA.name);

  const own = await userSignsIn(secondContext, AMARA);
  await expectAccessible(own);
  const item = own.getByRole("listitem").filter({ hasText: "To be revoked by <b>Amara</b>" });
  await expect(item).toContainText(OWNER.name);
  await expect(item).toContainText("Impersonation");
  await expect(item).toContainText(/left|minutes/);
  await item.getByRole("button", { name: /Revoke/ }).click();
  await expect(own.getByRole("listitem").filter({ hasText: "To be revoked by" })).toContainText("Ended by the user");
  await expect(tab.getByText("This session has ended")).toBeVisible();

  await open(page, "/production/audit?q=to+be+revoked");
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByText(`${AMARA.name} ended the impersonation by ${OWNER.name}`).first()).toBeVisible();
  await own.getByRole("button", { name: "Sign out", exact: true }).click();
});

test("what is done while impersonating is in the account's log, or hidden from it, as the switch says", async ({ page, secondContext }) => {
  await signIn(page);
  const hide = async (wanted: boolean) => {
    await open(page, "/production/impersonation");
    const box = page.locator("input[name=hide_from_account_audit]");
    if ((await box.isChecked()) !== wanted) {
      await box.setChecked(wanted, { force: true });
      await page.getByRole("button", { name: "Save" }).click();
      await page.waitForLoadState("networkidle");
      await open(page, "/production/impersonation");
      expect(await box.isChecked()).toBe(wanted);
    }
  };
  const work = async (reason: string) => {
    const tab = await startSession(page, await drawerFromTable(page, AMARA), reason);
    const banner = await expectImpersonated(tab, SAMPLE, AMARA.name);
    await tab.getByRole("button", { name: "Export invoices" }).click();
    await expect(tab.getByText(/The invoices were exported/)).toBeVisible();
    await tab.getByRole("region", { name: "Impersonation" }).getByRole("button", { name: "End session" }).click();
    await expect(banner).toHaveCount(0);
  };
  await hide(false);
  await work("Seen by the account");
  await hide(true);
  await work("Kept from the account");
  await hide(false);

  const own = await userSignsIn(secondContext, AMARA);
  for (const reason of ["Seen by the account", "Kept from the account"]) {
    await expect(own.getByRole("listitem").filter({ hasText: reason })).toBeVisible();
  }
  await own.getByRole("link", { name: "Account audit log" }).click();
  await expectAccessible(own);
  await expect(own.getByText("Seen by the account").first()).toBeVisible();
  await expect(own.getByText(/exported/i).first()).toBeVisible();
  await expect(own.getByText("Kept from the account")).toHaveCount(0);

  for (const reason of ["Seen by the account", "Kept from the account"]) {
    await open(page, `/production/audit?q=${encodeURIComponent(reason)}&action=application`);
    await expect(page.getByRole("row").filter({ hasText: /export/i }).first()).toContainText(AMARA.name);
  }
});

test("turned off, nobody starts and what is running ends", async ({ page }) => {
  await signIn(page);
  const tab = await startSession(page, await drawerFromTable(page, AMARA), "About to be stopped");
  await expectImpersonated(tab, SAMPLE, AMARA.name);
  const enable = async (wanted: boolean) => {
    await open(page, "/production/impersonation");
    await page.locator("input[name=enabled]").setChecked(wanted, { force: true });
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForLoadState("networkidle");
  };
  await enable(false);
  await expect(tab.getByText("This session has ended")).toBeVisible();
  await open(page, "/production/audit?q=about+to+be+stopped");
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByText(/ended because impersonation was turned off/).first()).toBeVisible();
  await open(page, "/production/users");
  await expect(page.getByRole("link", { name: /^Impersonate / })).toHaveCount(0);
  await enable(true);
});

test("a hand-off works once, and in the operator's own browser only", async ({ page, secondContext, complaints }) => {
  await signIn(page);
  const answer = page.waitForResponse((response) => response.url().endsWith("/rpc/impersonation/start"));
  const tab = await startSession(page, await drawerFromTable(page, AMARA), "Replayed");
  const { url } = await (await answer).json();
  await tab.waitForLoadState("networkidle");
  for (const context of [page.context(), secondContext]) {
    const replay = await context.newPage();
    const response = await replay.goto(url);
    expect(response!.status()).toBeGreaterThanOrEqual(400);
    await expect(replay.getByRole("heading", { level: 1 })).toBeVisible();
    await replay.close();
  }
  await open(page, "/production/audit?action=impersonation.hand_off_refused");
  await expect(page.getByRole("row").nth(1)).toContainText(AMARA.name);
  complaints.splice(0);
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the drawer opens, changes its account, starts a session and ends it", async ({ page, context }) => {
    const dialog = await drawerWithoutScript(page, AMARA);
    const account = dialog.getByLabel("Account");
    const other = (await account.locator("option").allTextContents()).find((name) => !name.includes("Northwind"))!;
    await account.selectOption({ label: other });
    await dialog.getByRole("button", { name: "Show its applications" }).click();
    await expect(dialog.getByLabel("Account").locator("option:checked")).toHaveText(other);
    await page.goto(`${PORTAL}/production/users?q=${encodeURIComponent(AMARA.email)}`);
    await page.getByRole("link", { name: `Impersonate ${AMARA.name}` }).click();
    await dialog.getByLabel("Reason").fill("Without any script");
    const tab = context.waitForEvent("page");
    await dialog.getByRole("button", { name: "Start session" }).click();
    const opened = await tab;
    await expectImpersonated(opened, SAMPLE, AMARA.name);
    await page.goto(`${PORTAL}/production/impersonation`);
    const row = page.getByRole("row").filter({ hasText: "Without any script" });
    await row.getByRole("button", { name: "End" }).click();
    await expect(page.getByRole("row").filter({ hasText: "Without any script" })).toHaveCount(0);
    await opened.reload();
    await expect(opened.getByText("This session has ended")).toBeVisible();
  });
});
