// oidc-client-ts 3 in several tabs of one browser: two impersonated users and the operator's own. No tab becomes another.
import type { Page } from "@playwright/test";

import { expect, hostedSignIn, origin, PORTAL, test, unique, user } from "./support";

const CLEO = user("Cleo", "React");
const DORA = user("Dora", "React");
const GUS = user("Gus", "Backend");
const APP = "oidc-client-ts";

async function isSignedInAs(tab: Page, email: string) {
  await expect(tab.getByRole("heading", { name: "Signed in" })).toBeVisible();
  await expect(tab.locator("#profile")).toContainText(`"email":"${email}"`);
}

async function renewsAs(tab: Page, email: string) {
  await tab.getByRole("button", { name: "Renew in a frame" }).click();
  await expect(tab.locator("#note")).toHaveText("renewed in a frame");
  await isSignedInAs(tab, email);
}

async function isLost(tab: Page, why: string) {
  await tab.getByRole("button", { name: "Renew in a frame" }).click();
  await expect(tab.getByRole("heading", { name: "Signed out" })).toBeVisible();
  await expect(tab.locator("#note")).toContainText(why);
}

/** From now on the tab says in no frame who it is. */
async function forgetsWhoItIs(tab: Page) {
  await tab.evaluate(() => sessionStorage.setItem("bare", ""));
  await tab.reload();
}

async function chooses(tab: Page, name: string) {
  await tab.getByRole("button", { name: `Go on as ${name}` }).click();
  await tab.waitForURL(`${origin(APP)}/`);
}

test.describe("tabs", () => {
  // The page that says what ended.
  test.use({ expected: [/status of 403 .*\/authorize/] });

  test("oidc-client-ts: of two impersonated tabs and the operator's own none ever becomes another", async ({ operator, own }) => {
    const gus = await operator.context.newPage();
    await gus.goto(origin(APP));
    await gus.getByRole("button", { name: "Sign in" }).click();
    await hostedSignIn(gus, GUS);
    await isSignedInAs(gus, GUS.email);
    const reasons = [unique("First tab"), unique("Second tab")];
    const cleo = await operator.impersonate(CLEO, "Oidc Client", reasons[0]);
    await cleo.waitForURL(`${origin(APP)}/`);
    await isSignedInAs(cleo, CLEO.email);
    const dora = await operator.impersonate(DORA, "Oidc Client", reasons[1]);
    await dora.waitForURL(`${origin(APP)}/`);
    await isSignedInAs(dora, DORA.email);

    // Each says who it is by its id token.
    for (const [tab, who] of [[cleo, CLEO], [gus, GUS], [dora, DORA], [cleo, CLEO]] as const) await renewsAs(tab, who.email);
    // Cleo's does not any more: it could be any of the three, and is none until somebody says.
    await forgetsWhoItIs(cleo);
    await isLost(cleo, "several could be meant");
    await cleo.getByRole("button", { name: "Sign in" }).click();
    await expect(cleo.getByRole("heading", { name: "Who are you in Oidc Client?" })).toBeVisible();
    await chooses(cleo, CLEO.name);
    await isSignedInAs(cleo, CLEO.email);
    for (const [tab, who] of [[gus, GUS], [dora, DORA]] as const) await renewsAs(tab, who.email);

    // One ends: its tab is nobody, and the one that does not say who it is might be it.
    await own.revokes(DORA, reasons[1]);
    await isLost(dora, "nobody is signed in");
    await isLost(cleo, "nobody is signed in");
    await renewsAs(gus, GUS.email);
    await cleo.getByRole("button", { name: "Sign in" }).click();
    await expect(cleo.getByRole("heading", { name: "This impersonation has ended" })).toBeVisible();
    await expect(cleo.getByText("You acted as Dora React in Oidc Client")).toBeVisible();
    await chooses(cleo, CLEO.name);
    await isSignedInAs(cleo, CLEO.email);

    const { sid } = JSON.parse((await cleo.locator("#profile").textContent())!);
    // The last one ends: the operator's own session takes nobody's place.
    await forgetsWhoItIs(gus);
    await operator.context.request.post(`${PORTAL}/rpc/impersonation/end`, { form: { environment: "production", session_id: sid } });
    await isLost(cleo, "nobody is signed in");
    await isLost(gus, "nobody is signed in");
    await gus.getByRole("button", { name: "Sign in" }).click();
    await expect(gus.getByText("You acted as Cleo React in Oidc Client")).toBeVisible();
    await chooses(gus, GUS.name);
    await renewsAs(gus, GUS.email);
  });
});
