// @frontegg/nextjs: the session is known on the application's own server as well as in the browser.
import type { Page } from "@playwright/test";

import { expect, hostedSignIn, ISSUER, origin, test, unique, user, USER_PASSWORD } from "../../tests/support";

const HANA = user("Hana", "Next");

/** That nobody is signed in, as the SDK's own server hands it on. */
const NOBODY = /status of 401 .*\/(authorize\/silent|token\/refresh|oauth\/token)\)/;

/** What browser and server of the application know of their user: it has to be the same. */
async function signedIn(page: Page) {
  await page.waitForURL((url) => url.pathname === "/");
  await expect(page.getByRole("heading", { name: "Signed in" })).toBeVisible();
  await expect(page.locator("#user")).toContainText("accessToken");
  const read = async (id: string) => JSON.parse((await page.locator(`#${id}`).textContent()) || "null");
  const [browser, server] = [await read("user"), await read("server")];
  expect(server).toMatchObject({ sub: browser.sub, email: browser.email });
  expect(server.act).toEqual(browser.act);
  return browser;
}

/** Signs in where the application asks for it. */
async function signIn(page: Page, app: string, embedded: boolean) {
  await page.goto(origin(app));
  await expect(page.getByRole("heading", { name: "Signed out" })).toBeVisible();
  await page.getByRole("link", { name: "Sign in" }).click();
  if (embedded) {
    await page.getByLabel("E-mail").fill(HANA.email);
    await page.getByLabel("Password").fill(USER_PASSWORD);
    await page.getByRole("button", { name: "Sign in", exact: true }).last().click();
  } else {
    await page.waitForURL((url) => url.href.startsWith(`${ISSUER}/login`));
    await hostedSignIn(page, HANA);
  }
  return signedIn(page);
}

for (const [app, name] of [["next-8-hosted", "Next 8 Hosted"], ["next-9-hosted", "Next 9 Hosted"], ["next-9-embedded", "Next 9 Embedded"]]) {
  const embedded = app.endsWith("embedded");
  test.describe(name, () => {
    test.use({ expected: [NOBODY] });

    test(`${name}: a user signs in, stays signed in, and signs out`, async ({ page }) => {
      const first = await signIn(page, app, embedded);
      expect(first).toMatchObject({ email: HANA.email, tenantId: "client-servers" });
      expect(first.act).toBeUndefined();
      await page.reload();
      expect(await signedIn(page)).toMatchObject({ sub: first.sub, sid: first.sid });
      await page.getByRole("link", { name: "Sign out" }).click();
      await page.waitForURL((url) => !url.pathname.startsWith("/account/logout"));
      await page.waitForLoadState("networkidle");
      await page.goto(origin(app));
      await expect(page.getByRole("heading", { name: "Signed out" })).toBeVisible();
    });

    test(`${name}: an operator works as the user, and is signed out when the user revokes that`, async ({ operator, own }) => {
      const reason = unique(name);
      const tab = await operator.impersonate(HANA, name, reason);
      const act = { sub: operator.id };
      const first = await signedIn(tab);
      expect(first).toMatchObject({ email: HANA.email, tenantId: "client-servers", act });
      // Every page that the server renders refreshes the session.
      await tab.reload();
      const again = await signedIn(tab);
      expect(again).toMatchObject({ sub: first.sub, sid: first.sid, act });
      expect(again.accessToken).not.toBe(first.accessToken);

      await own.revokes(HANA, reason);
      await tab.reload();
      await expect(tab.getByRole("heading", { name: "Signed out" })).toBeVisible();
      await tab.goto(origin(app));
      await expect(tab.getByRole("heading", { name: "Signed out" })).toBeVisible();
    });
  });
}
