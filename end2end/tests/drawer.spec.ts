// The drawer and what it leads to: long addresses, refusals, sessions that end meanwhile, and sign-ins that do.
import type { Locator, Page } from "@playwright/test";

import {
  AMARA, PORTAL, SAMPLE, USER_PASSWORD,
  drawer, drawerFromTable, expect, expectAccessible, hydrated, open, signIn, startSession, startSignedOut, test,
} from "./support";

const FATIMA = "Fatima Zahra El Idrissi-Benkirane";

async function opened(page: Page, name: string): Promise<Locator> {
  await open(page, `/production/users?q=${encodeURIComponent(name)}`);
  await page.getByRole("link", { name: `Impersonate ${name}` }).click();
  return drawer(page);
}

/** Wholly inside the window and inside the dialog. */
async function expectWithin(dialog: Locator, control: Locator) {
  const frame = (await dialog.boundingBox())!;
  const box = (await control.boundingBox())!;
  expect(box.x).toBeGreaterThanOrEqual(frame.x);
  expect(box.x + box.width).toBeLessThanOrEqual(frame.x + frame.width);
  await expect(control).toBeInViewport({ ratio: 1 });
}

for (const width of [1440, 390, 320]) {
  test(`no address is so long that it cuts the drawer's buttons off, at ${width}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    await signIn(page);
    const dialog = await opened(page, FATIMA);
    for (const name of ["Cancel", "Close"]) {
      await expectWithin(dialog, dialog.getByRole("link", { name }));
    }
    await expectWithin(dialog, dialog.getByRole("button", { name: "Start session" }));
    await expectWithin(dialog, dialog.locator(".counter"));
    await expectWithin(dialog, dialog.getByLabel("Reason"));
    await expectAccessible(page);
  });

  test(`a user's own pages fit a phone, at ${width}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${PORTAL}/id/production/account/sessions`);
    await page.getByLabel("E-mail").fill(AMARA.email);
    await page.getByLabel("Password").fill(USER_PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    for (const name of ["My sessions", "Account audit log"]) {
      await page.getByRole("link", { name, exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await expect(page.getByRole("button", { name: "Sign out", exact: true })).toBeInViewport({ ratio: 1 });
      await expect(page.getByText("Mozilla/5.0")).toHaveCount(0);
      await expect(page.getByText(/impersonation\.(started|ended)/)).toHaveCount(0);
    }
  });
}

test("what stands against a user comes first, and no form that leads nowhere", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users?q=dana.w");
  await page.getByRole("link", { name: "Dana Whitfield", exact: true }).click();
  await hydrated(page);
  await page.goto(`${page.url()}?impersonate=1`);
  await hydrated(page);
  const dialog = page.getByRole("dialog", { name: "Impersonate user" });
  await expect(dialog.getByText("This user is locked. Locked users cannot be impersonated.")).toBeInViewport();
  await expect(dialog.getByLabel("Reason")).toHaveCount(0);
  await expect(dialog.getByRole("button", { name: "Start session" })).toHaveCount(0);
  await expect(dialog.getByText("It becomes possible once")).toBeVisible();
});

test("where the active account is refused, another one is preselected, and said", async ({ page }) => {
  await signIn(page);
  const dialog = await opened(page, "Selin Aydın");
  await expect(dialog.getByText(/disabled in the active account/)).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Start session" })).toBeEnabled();
  // Not once that account is chosen after all; and what cannot begin does not end.
  const account = dialog.getByLabel("Account");
  await account.selectOption({ label: (await account.locator("option").allTextContents()).find((name) => name.includes("(active account)"))! });
  await expect(dialog.getByText(/disabled in the active account/)).toHaveCount(0);
  await expect(dialog.getByText(/^Ends at/)).toHaveCount(0);
  await expect(dialog.getByRole("button", { name: "Start session" })).toBeDisabled();
});

test("a session that ends elsewhere is over in the drawer, the badge and the live list by itself", async ({ page }) => {
  await signIn(page);
  const watching = await page.context().newPage();
  await open(watching, "/production/impersonation");
  const row = watching.getByRole("row").filter({ hasText: "Watched from three places" });
  await expect(row).toHaveCount(0);
  const dialog = await drawerFromTable(page, AMARA);
  const tab = await startSession(page, dialog, "Watched from three places");
  await tab.waitForURL((url) => url.href.startsWith(`${SAMPLE}/s/`));
  await expect(row).toHaveCount(1);
  const badge = watching.locator(".nav .badge.amber");
  const before = (await watching.getByRole("row").count()) - 1;
  await expect(badge).toHaveText(`${before} live`);
  await tab.getByRole("region", { name: "Impersonation" }).getByRole("button", { name: "End session" }).click();
  const card = dialog.getByRole("region", { name: "Ended session" }).first();
  await expect(card.getByText(/^Ended \d\d:\d\d$/)).toBeVisible();
  await expect(row).toHaveCount(0);
  if (before > 1) await expect(badge).toHaveText(`${before - 1} live`);
  else await expect(badge).toHaveCount(0);
  await card.getByRole("button", { name: "Start again" }).click();
  await expect(dialog.getByLabel("Reason")).toHaveValue("Watched from three places");
});

test("a closed tab of a running session is opened again, as the same session", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  const first = await startSession(page, dialog, "Closed by mistake");
  await first.waitForURL((url) => url.href.startsWith(`${SAMPLE}/s/`));
  const sid = JSON.parse((await first.locator("#access-token").textContent())!).sid;
  await first.close();
  const next = page.context().waitForEvent("page");
  await dialog.getByRole("button", { name: "Open again" }).first().click();
  const again = await next;
  await again.waitForURL((url) => url.href.startsWith(`${SAMPLE}/s/`));
  expect(JSON.parse((await again.locator("#access-token").textContent())!).sid).toBe(sid);
  await expect(again.getByRole("region", { name: "Impersonation" })).toContainText(`is working as ${AMARA.name}`);
});

test("an end can be taken back for a moment, and happens at once where the page is left", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  const tab = await startSession(page, dialog, "Ended twice");
  await tab.waitForURL((url) => url.href.startsWith(`${SAMPLE}/s/`));
  await page.bringToFront();
  await open(page, "/production/impersonation");
  const row = page.getByRole("row").filter({ hasText: "Ended twice" });
  await row.getByRole("button", { name: /^End/ }).click();
  // Not as fast as a double click, which is no change of mind.
  await page.waitForTimeout(500);
  await row.getByRole("button", { name: "Undo" }).click();
  await expect(row.getByRole("button", { name: /^End/ })).toBeVisible();
  // Longer than the moment: it goes on.
  await page.waitForTimeout(6_000);
  await expect(row).toHaveCount(1);
  await row.getByRole("button", { name: /^End/ }).click();
  await page.goto(`${PORTAL}/production/keys`);
  await expect(tab.getByText("This session has ended")).toBeVisible();
});

test("a sign-in that has ended is made good from the drawer, and what was typed is there", async ({ page }) => {
  await signIn(page);
  const dialog = await opened(page, AMARA.name);
  await startSignedOut(page, dialog, "Typed before the sign-in ended");
  await expect((await drawer(page)).getByLabel("Reason")).toHaveValue("Typed before the sign-in ended");
  // And after a reload.
  await page.reload();
  await hydrated(page);
  await expect((await drawer(page)).getByLabel("Reason")).toHaveValue("Typed before the sign-in ended");
});

test("all that is wrong is said at once, each at its field, and goes as its field is mended", async ({ page }) => {
  await signIn(page);
  const dialog = await opened(page, AMARA.name);
  const [reason, ticket] = [dialog.getByLabel("Reason"), dialog.getByLabel("Ticket")];
  await reason.fill("x");
  await ticket.fill("T".repeat(101));
  await dialog.getByRole("button", { name: "Start session" }).click();
  await expect(reason).toBeFocused();
  await expect(reason).toHaveAccessibleDescription(/Say more: a reason has at least 3 letters or digits/);
  await expect(ticket).toHaveAccessibleDescription(/Too long: 101 characters of 100/);
  for (const field of [reason, ticket]) await expect(field).toHaveAttribute("aria-invalid", "true");
  await reason.pressSequentially("yz, after a call");
  await expect(reason).toHaveValue("xyz, after a call");
  await expect(reason).toHaveAttribute("aria-invalid", "false");
  await expect(ticket).toHaveAttribute("aria-invalid", "true");
  await ticket.fill("SUP-1");
  await startSession(page, dialog, "Typed anew, after a call");
});

test("an environment that one may not see keeps the switcher and the way out", async ({ page, complaints }) => {
  await signIn(page);
  await page.goto(`${PORTAL}/nowhere/users`);
  await hydrated(page);
  await expect(page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  await page.getByRole("button", { name: /Environment/ }).click();
  await expect(page.getByRole("link", { name: "Production" })).toBeVisible();
  // A page that is not there answers 404, which a browser calls an error.
  expect(complaints.splice(0).filter((complaint) => !complaint.includes("404"))).toEqual([]);
});
