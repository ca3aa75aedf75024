// What an application with a Frontegg SDK in the browser has to do, whichever release it is: told once, run for each.
import type { Page } from "@playwright/test";

import { claimsOf, expect, hostedSignIn, ISSUER, origin, OWNER, test, unique, USER_PASSWORD, type User } from "./support";

/** The SDK refreshes when four fifths of the five minutes are over. */
const REFRESHED_AFTER = 245_000;

export interface Application {
  /** Client id, by which it is served. */
  id: string;
  /** Name in the portal. */
  name: string;
  user: User;
}

export function embedded(application: Application): boolean {
  return application.id.endsWith("-embedded");
}

/** What the application knows of its user, once it is back on its own page. */
export async function signedIn(page: Page) {
  await page.waitForURL((url) => url.pathname === "/");
  await expect(page.getByRole("heading", { name: "Signed in" })).toBeVisible({ timeout: 15_000 });
  await expect(page.locator("#user")).toContainText("accessToken");
  return JSON.parse((await page.locator("#user").textContent())!);
}

/** Opens the application and signs in, at the provider's page or in the application's own login box. */
export async function signIn(page: Page, application: Application) {
  await page.goto(origin(application.id));
  if (embedded(application)) {
    await expect(page.getByRole("heading", { name: "Signed out" })).toBeVisible();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(/\/account\/login/);
    await page.getByLabel(/E-?mail/i).fill(application.user.email);
    await page.getByLabel("Password").fill(USER_PASSWORD);
    await page.getByRole("button", { name: "Sign in", exact: true }).last().click();
  } else {
    await page.waitForURL(/\/id\/production\/login/);
    await hostedSignIn(page, application.user);
  }
  return signedIn(page);
}

/** The login box's bar in an impersonated tab. It is in a shadow tree, where roles are found all the same. */
function bar(tab: Page) {
  return tab.getByRole("status").filter({ hasText: "You act as" });
}

/** Lets time pass until the SDK has refreshed its tokens, and gives the user anew. */
async function refreshed(page: Page) {
  const before = await signedIn(page);
  await page.clock.fastForward(REFRESHED_AFTER);
  await expect(async () => expect((await signedIn(page)).accessToken).not.toBe(before.accessToken)).toPass({ timeout: 10_000 });
  return signedIn(page);
}

/** The application has noticed that nobody is signed in any more: it says so, or asks for a password already. */
async function signedOut(page: Page) {
  const noticed = page.getByRole("heading", { name: "Signed out" }).or(page.getByLabel("Password"));
  await expect(noticed.first()).toBeVisible({ timeout: 15_000 });
}

/** Opened anew, the application does not know its visitor, either. */
async function expectStranger(page: Page, application: Application) {
  await page.goto(origin(application.id));
  const asked = embedded(application) ? page.getByRole("heading", { name: "Signed out" }) : page.getByLabel("Password");
  await expect(asked).toBeVisible();
}

/** That a browser says aloud what every SDK takes for "nobody is signed in". */
const NOBODY = /status of 401 .*\/(authorize\/silent|token\/refresh|oauth\/token)\)/;

export function provesItself(application: Application) {
  test.describe(application.name, () => {
    test.use({ expected: [NOBODY] });

    test(`${application.name}: a user signs in, stays signed in, switches account, and signs out`, async ({ page }) => {
      await page.clock.install();
      const first = await signIn(page, application);
      expect(first).toMatchObject({ email: application.user.email, name: application.user.name, tenantId: "client-works" });
      expect(first.act).toBeUndefined();
      expect(claimsOf(first.accessToken)).toMatchObject({ sub: first.sub, tenantId: "client-works" });
      expect(first.roles.map((role: { key: string }) => role.key)).toEqual(["admin"]);

      await page.reload();
      expect((await signedIn(page)).sub).toBe(first.sub);
      const later = await refreshed(page);
      expect(later).toMatchObject({ sub: first.sub, sid: first.sid });
      expect(later.act).toBeUndefined();

      // There and back, for the account in which a user works is remembered.
      for (const [tenantId, role] of [["client-works-east", "viewer"], ["client-works", "admin"]]) {
        await page.getByRole("button", { name: "Switch account" }).click();
        await expect(async () => {
          const switched = await signedIn(page);
          expect(claimsOf(switched.accessToken)).toMatchObject({ sub: first.sub, tenantId });
          expect(switched.roles.map((each: { key: string }) => each.key)).toEqual([role]);
        }).toPass({ timeout: 10_000 });
      }

      await page.getByRole("button", { name: "Sessions" }).click();
      await expect(page.getByRole("listitem").filter({ hasText: "Own current" })).toHaveCount(1);

      await page.getByRole("button", { name: "Sign out" }).click();
      await signedOut(page);
      await expectStranger(page, application);
    });

    test(`${application.name}: an operator works as the user, and is signed out when the user revokes that`, async ({ operator, own }) => {
      await operator.context.clock.install();
      const tab = await operator.impersonate(application.user, application.name, unique(application.name));
      const act = { sub: operator.id };
      const first = await signedIn(tab);
      expect(first).toMatchObject({ email: application.user.email, tenantId: "client-works", act });
      expect(claimsOf(first.accessToken)).toMatchObject({ sub: first.sub, act });
      expect(first.sub).not.toBe(operator.id);
      await expect(bar(tab)).toContainText(`You act as ${application.user.name}. Operator: ${OWNER.name}`);
      await expect(bar(tab)).toContainText(/\d+ minutes? left/);

      await tab.reload();
      expect(await signedIn(tab)).toMatchObject({ sub: first.sub, sid: first.sid, act });
      const later = await refreshed(tab);
      expect(later).toMatchObject({ sub: first.sub, sid: first.sid, act });
      expect(claimsOf(later.accessToken)).toMatchObject({ sub: first.sub, sid: first.sid, act });

      // The user finds the session in the application's own list, and ends it there.
      const users = await own.page();
      expect(await signIn(users, application)).toMatchObject({ sub: first.sub });
      await users.getByRole("button", { name: "Sessions" }).click();
      const item = users.locator(`[data-session="${first.sid}"]`);
      await expect(item).toContainText("Impersonated");
      await item.getByRole("button", { name: "Revoke" }).click();
      await expect(item).toHaveCount(0);
      expect((await signedIn(users)).act).toBeUndefined();

      await tab.clock.fastForward(REFRESHED_AFTER);
      await signedOut(tab);
      await expectStranger(tab, application);
    });
  });
}

/** The bar's button does what it says, in the page and on the server. */
export function stopsFromTheBar(application: Application) {
  test.describe(application.name, () => {
    test.use({ expected: [NOBODY] });

    test(`${application.name}: an operator stops in the bar, and the session is over everywhere`, async ({ operator }) => {
      const tab = await operator.impersonate(application.user, application.name, unique(`${application.name}, stopped`));
      const { accessToken } = await signedIn(tab);
      const asked = () => fetch(`${ISSUER}/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } });
      expect((await asked()).status).toBe(200);

      await bar(tab).getByRole("button", { name: "Stop" }).click();
      await expect(tab.getByRole("heading", { name: "The impersonation has ended" })).toBeVisible();
      await expect(bar(tab)).toBeHidden();
      expect((await asked()).status).toBe(401);
      await expectStranger(tab, application);
    });
  });
}

/** A sign-in that the portal begins at the application (OpenID Connect Core, section 4) ends where the portal wanted. */
export function goesOnToItsTarget(application: Application) {
  test.describe(application.name, () => {
    test.use({ expected: [NOBODY] });

    test(`${application.name}: a sign-in that the portal begins goes on to its target, within the page's own origin`, async ({ page }) => {
      const here = origin(application.id);
      const begin = (target: string) => {
        const query = new URLSearchParams({ iss: ISSUER, login_hint: application.user.email, target_link_uri: target });
        return page.goto(`${here}/begin?${query}`);
      };
      await begin(`${here}/orders?page=2`);
      await page.waitForURL(/\/id\/production\/login/);
      await hostedSignIn(page, application.user);
      await page.waitForURL((url) => url.href === `${here}/orders?page=2`);
      await expect(page.getByRole("heading", { name: "Signed in" })).toBeVisible();
      // Once: what is opened next is not led there again.
      await page.goto(here);
      await signedIn(page);

      await begin("https://elsewhere.example/orders");
      await signedIn(page);
    });
  });
}
