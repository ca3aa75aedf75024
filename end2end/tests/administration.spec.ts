// What administrators look after: that applications hear of ended sessions, and the keys that sign tokens.
import type { Page } from "@playwright/test";

import { AMARA, PORTAL, SAMPLE, drawerFromTable, expect, expectAccessible, open, signIn, startSession, test } from "./support";

/** The sample application in its tab, signed in as Amara. */
async function impersonate(page: Page, reason: string) {
  const dialog = await drawerFromTable(page, AMARA);
  const tab = await startSession(page, dialog, reason);
  await tab.waitForURL((url) => url.href.startsWith(`${SAMPLE}/s/`));
  await expect(tab.getByRole("region", { name: "Impersonation" })).toContainText(AMARA.name);
  return { dialog, tab };
}

async function publishedKeys(page: Page): Promise<string[]> {
  const answer = await page.request.get(`${PORTAL}/id/production/.well-known/jwks.json`);
  return (await answer.json()).keys.map((key: { kid: string }) => key.kid);
}

test("when an impersonation ends its application is told, and the application's page says so", async ({ page }) => {
  await signIn(page);
  const { dialog } = await impersonate(page, "Told when it ends");
  await dialog.getByRole("button", { name: "End session" }).click();
  await expect(dialog.getByText("Session running")).toHaveCount(0);
  await open(page, "/production/applications");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Northwind Console" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Northwind Console");
  await expect(async () => {
    await page.reload();
    const newest = page.getByRole("table", { name: "Back-channel logout" }).getByRole("row").nth(1);
    await expect(newest).toContainText(AMARA.name, { timeout: 1_000 });
    await expect(newest).toContainText("Impersonation");
    await expect(newest).toContainText("Delivered", { timeout: 1_000 });
    await expect(newest).toContainText("at the first attempt");
  }).toPass({ timeout: 10_000 });
  await expect(page.getByText(`${PORTAL}/id/production/.well-known/openid-configuration`)).toBeVisible();
  await expectAccessible(page);
  await open(page, "/production/applications");
  await expect(page.getByRole("row", { name: "Northwind Console" })).toContainText("Delivered");
});

test("keys are rotated while an impersonation goes on working", async ({ page }) => {
  await signIn(page);
  const { dialog, tab } = await impersonate(page, "Goes on over a rotation");
  const before = await publishedKeys(page);
  const keys = await page.context().newPage();
  await open(keys, "/production/keys");
  await expectAccessible(keys);
  await keys.getByRole("button", { name: "Rotate", exact: true }).click();
  const question = keys.getByRole("dialog", { name: "Rotate the signing keys?" });
  await expectAccessible(keys);
  await question.getByRole("button", { name: "Rotate keys" }).click();
  await expect(keys.getByText("Keys rotated")).toBeVisible();
  await expect(question).toBeHidden();
  await expect(keys.getByRole("row", { name: before[0] })).toContainText("Retiring");
  const after = await publishedKeys(page);
  expect(after[0]).not.toBe(before[0]);
  expect(before).toContain(after[0]);
  expect(after).toEqual(expect.arrayContaining(before));
  await expect(keys.getByRole("row", { name: after[0] })).toContainText("Active");

  await tab.getByRole("button", { name: "Refresh" }).click();
  await expect(tab.getByText("The tokens were refreshed.")).toBeVisible();
  await tab.reload();
  await expect(tab.getByRole("region", { name: "Impersonation" })).toContainText(AMARA.name);
  await dialog.getByRole("button", { name: "End session" }).click();
  await expect(tab.getByText("This session has ended")).toBeVisible();
});
