// Every page of docs/clients: its application signs a user in, is impersonated into, and never shows somebody else.
import type { Page } from "@playwright/test";

import { expect, hostedSignIn, ORIGINS, origin, PORTAL, test, unique, user } from "../../tests/support";

const ROSA = user("Rosa", "Recipe");
const REMY = user("Remy", "Recipe");
const NAMES: Record<string, string> = {
  authlib: "Authlib",
  "mozilla-django-oidc": "Mozilla Django",
  "django-allauth": "Allauth",
  "express-openid-connect": "Express",
  authjs: "Auth.js",
  "mod-auth-openidc": "Apache",
  omniauth: "Omniauth",
};

// None of these pages has an icon, and a sign-in that is refused is answered with an error.
test.use({ expected: [/favicon\.ico|status of 4\d\d/] });

async function shows(page: Page, email: string, operator?: string) {
  await expect(page.getByRole("heading", { name: email })).toBeVisible();
  const banner = page.getByText("Impersonated by");
  await (operator ? expect(banner).toContainText(operator) : expect(banner).toHaveCount(0));
}

async function signIn(page: Page, client: string) {
  await page.goto(origin(client));
  await page.getByRole("link", { name: "Sign in" }).click();
}

for (const client of Object.keys(ORIGINS)) {
  test(`${client}: a user signs in, and is nobody's impersonation`, async ({ page }) => {
    await signIn(page, client);
    await hostedSignIn(page, ROSA);
    await shows(page, ROSA.email);
  });

  test(`${client}: an impersonation takes the place of whoever was signed in, and leaves nothing with the user`, async ({ operator, own }) => {
    const page = await operator.context.newPage();
    await signIn(page, client);
    await hostedSignIn(page, REMY);
    await shows(page, REMY.email);

    const reason = unique(NAMES[client]);
    const tab = await operator.impersonate(ROSA, NAMES[client], reason);
    await shows(tab, ROSA.email, operator.id);
    // Longer than the renewal of those that renew.
    await tab.waitForTimeout(1_100);
    await tab.goto(tab.url());
    await shows(tab, ROSA.email, operator.id);

    const users = await own.page();
    await signIn(users, client);
    await hostedSignIn(users, ROSA);
    await shows(users, ROSA.email);
    await own.revokes(ROSA, reason);
  });
}

test("mozilla-django-oidc: a renewal after the end signs out, also where the operator is signed in as somebody else", async ({ operator, own }) => {
  const client = "mozilla-django-oidc";
  const page = await operator.context.newPage();
  await page.goto(`${PORTAL}/id/production/account/sessions`);
  await hostedSignIn(page, REMY);
  await expect(page.getByText(REMY.email).first()).toBeVisible();

  const reason = unique("Renewal");
  const tab = await operator.impersonate(ROSA, NAMES[client], reason);
  await shows(tab, ROSA.email, operator.id);
  await own.revokes(ROSA, reason);
  await tab.waitForTimeout(1_100);
  await tab.goto(origin(client));
  await expect(tab.getByRole("heading", { name: "Signed out" })).toBeVisible();
  await tab.goto(origin(client));
  await expect(tab.getByText(REMY.email)).toHaveCount(0);
});
