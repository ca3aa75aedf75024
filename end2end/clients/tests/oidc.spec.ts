// oidc-client-ts 3, in the browser: redirects, silent renewal in both ways, sign-out, impersonation and its end.
import type { Page } from "@playwright/test";

import { claimsOf, expect, hostedSignIn, origin, PORTAL, test, unique, user } from "./support";

const BEN = user("Ben", "Browser");
const APP = "oidc-client-ts";

async function state(page: Page) {
  await expect(page.getByRole("heading", { name: "Signed in" })).toBeVisible();
  const read = async (id: string) => JSON.parse((await page.locator(`#${id}`).textContent())!);
  return { profile: await read("profile"), tokens: await read("tokens") };
}

async function renewed(page: Page, button: string, note: string) {
  await page.getByRole("button", { name: button, exact: true }).click();
  await expect(page.locator("#note")).toHaveText(note);
  return state(page);
}

test("oidc-client-ts: a user signs in, is renewed by refresh token and in a frame, and signs out", async ({ page }) => {
  await page.goto(origin(APP));
  await expect(page.getByRole("heading", { name: "Signed out" })).toBeVisible();
  await page.getByRole("button", { name: "Sign in" }).click();
  await hostedSignIn(page, BEN);
  const first = await state(page);
  expect(first.profile).toMatchObject({ email: BEN.email, tenantId: "client-works" });
  expect(first.profile).not.toHaveProperty("act");

  const refreshed = await renewed(page, "Renew", "renewed");
  expect(claimsOf(refreshed.tokens.access)).toMatchObject({ sub: first.profile.sub, sid: first.profile.sid });
  expect(refreshed.tokens.access).not.toBe(first.tokens.access);
  const framed = await renewed(page, "Renew in a frame", "renewed in a frame");
  expect(framed.profile).toMatchObject({ sub: first.profile.sub, sid: first.profile.sid });
  expect(framed.tokens.access).not.toBe(refreshed.tokens.access);

  await page.reload();
  expect((await state(page)).profile.sub).toBe(first.profile.sub);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.locator("#note")).toHaveText("after signing out");
  await page.goto(origin(APP));
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByLabel("Password")).toBeVisible();
});

test.describe("when its session ends", () => {
  // The answer to the refresh that comes too late.
  test.use({ expected: [/status of 400 .*\/token\)/] });

  test("oidc-client-ts: an impersonated session is renewed with its operator's name, and is gone once revoked", async ({ operator, own }) => {
    await operator.context.clock.install();
    const reason = unique("Oidc client");
    const tab = await operator.impersonate(BEN, "Oidc Client", reason);
    await tab.waitForURL(`${origin(APP)}/`);
    const act = { sub: operator.id, iss: PORTAL };
    const first = await state(tab);
    expect(first.profile).toMatchObject({ email: BEN.email, act });
    expect(first.profile.sub).not.toBe(operator.id);
    for (const [button, note] of [["Renew", "renewed"], ["Renew in a frame", "renewed in a frame"]]) {
      const again = await renewed(tab, button, note);
      expect(again.profile).toMatchObject({ sub: first.profile.sub, sid: first.profile.sid, act });
      expect(claimsOf(again.tokens.access)).toMatchObject({ sid: first.profile.sid, act });
    }

    // A minute before the token's end the client renews by itself: at first with success, then no more.
    await tab.clock.fastForward(250_000);
    await expect(tab.locator("#note")).toHaveText("renewed by itself");
    expect((await state(tab)).profile).toMatchObject({ act });
    await own.revokes(BEN, reason);
    await tab.clock.fastForward(250_000);
    await expect(tab.getByRole("heading", { name: "Signed out" })).toBeVisible();
    await expect(tab.locator("#note")).not.toBeEmpty();
  });

  test("oidc-client-ts: in a frame, too, a revoked session is not to be had", async ({ operator, own }) => {
    const reason = unique("Oidc client in a frame");
    const tab = await operator.impersonate(BEN, "Oidc Client", reason);
    await state(tab);
    await own.revokes(BEN, reason);
    await tab.getByRole("button", { name: "Renew in a frame" }).click();
    await expect(tab.getByRole("heading", { name: "Signed out" })).toBeVisible();
    await expect(tab.locator("#note")).toContainText("nobody is signed in");
  });
});
