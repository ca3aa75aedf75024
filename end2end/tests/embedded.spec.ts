// An application that signs its users in itself: the portal hands the session over at the application's own sign-in page.
import type { Page } from "@playwright/test";

import { AMARA, OWNER, PORTAL, SAMPLE_EMBEDDED, USER_PASSWORD, drawerFromTable, drawerWithoutScript, expect, expectAccessible, signIn, startSession, test } from "./support";

const APPLICATION = "Atlas Planner";

async function claims(tab: Page, which: "access-token" | "id-token") {
  return JSON.parse((await tab.locator(`#${which}`).textContent())!);
}

/** The application in the new tab, signed in as the user, with the banner that says by whom. */
async function expectImpersonated(tab: Page) {
  await tab.waitForURL((url) => url.href.startsWith(`${SAMPLE_EMBEDDED}/s/`));
  const banner = tab.getByRole("region", { name: "Impersonation" });
  await expect(banner).toContainText(`${OWNER.name} is working as ${AMARA.name}`);
  return banner;
}

test("an application with embedded login opens as the user, refreshes, and notices the end", async ({ page }) => {
  await signIn(page);
  const dialog = await drawerFromTable(page, AMARA);
  const application = dialog.getByLabel("Application");
  const label = (await application.locator("option").allTextContents()).find((name) => name.includes(APPLICATION))!;
  await application.selectOption({ label });
  const tab = await startSession(page, dialog, "Planning board does not load");
  const banner = await expectImpersonated(tab);
  await expect(banner).toContainText(/5\d:\d\d/);
  await expectAccessible(tab);
  // The code is used up and in no address that stays.
  expect(tab.url()).not.toContain("uho_");
  expect(await tab.evaluate(() => window.opener === null)).toBe(true);

  const access = await claims(tab, "access-token");
  expect(access.act).toEqual({ sub: await banner.locator("code[data-operator]").textContent(), iss: PORTAL });
  expect(access.aud).toBe("atlas-planner");
  expect((await claims(tab, "id-token")).act).toEqual(access.act);
  await tab.getByRole("button", { name: "Refresh" }).click();
  await expect(tab.getByText("The tokens were refreshed.")).toBeVisible();
  const refreshed = await claims(tab, "access-token");
  expect(refreshed.act).toEqual(access.act);
  expect(refreshed.sid).toBe(access.sid);

  await expect(page.getByText(OWNER.name).first()).toBeVisible();
  await dialog.getByRole("button", { name: "End session" }).first().click();
  await expect(tab.getByText("This session has ended")).toBeVisible();
});

test("without a hand-off its users sign in by themselves", async ({ secondContext }) => {
  const page = await secondContext.newPage();
  await page.goto(`${SAMPLE_EMBEDDED}/`);
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: `Sign in to ${APPLICATION}` })).toBeVisible();
  await page.getByLabel("E-mail").fill(AMARA.email);
  await page.getByLabel("Password").fill(USER_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.href.startsWith(`${SAMPLE_EMBEDDED}/s/`));
  await expect(page.getByRole("banner").getByText(AMARA.name)).toBeVisible();
  await expect(page.getByRole("region", { name: "Impersonation" })).toHaveCount(0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Welcome" })).toBeVisible();
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the drawer's form leads into the application, too", async ({ page, context }) => {
    const dialog = await drawerWithoutScript(page, AMARA);
    const application = dialog.getByLabel("Application");
    const label = (await application.locator("option").allTextContents()).find((name) => name.includes(APPLICATION))!;
    await application.selectOption({ label });
    await dialog.getByLabel("Reason").fill("Embedded and without any script");
    const tab = context.waitForEvent("page");
    await dialog.getByRole("button", { name: "Start session" }).click();
    const opened = await tab;
    const banner = await expectImpersonated(opened);
    await banner.getByRole("button", { name: "End session" }).click();
    await expect(opened.getByText("This session has ended")).toBeVisible();
  });
});
