// What every journey shares: signing in, opening the drawer, and a page that fails on any console error.
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type BrowserContext, type Locator, type Page } from "@playwright/test";

export const PORTAL = process.env.PORTAL_URL!;
export const SAMPLE = process.env.SAMPLE_NORTHWIND_CONSOLE_URL!;
export const SAMPLE_SHORT = process.env.SAMPLE_HARBOR_DISPATCH_URL!;
export const SAMPLE_EMBEDDED = process.env.SAMPLE_ATLAS_PLANNER_URL!;

export const OWNER = { email: "olivia.owner@understudy.example", name: "Olivia Owner" };
export const OPERATOR_PASSWORD = "understudy-demo-1";
export const USER_PASSWORD = "correct-horse-demo";
export const AMARA = { email: "amara.okafor@northwind.example", name: "Amara Okafor" };

const SAMPLES = Object.entries(process.env).filter(([name]) => /^SAMPLE_\w+_URL$/.test(name)).map(([, url]) => url!);
const OUR_ORIGINS = new Set([PORTAL, ...SAMPLES].map((url) => new URL(url).origin));

/** What refuses a form answers with a status that browsers call an error; the page shows it in words. */
function isRefusal(text: string, url: string) {
  const isCall = new URL(url || PORTAL).pathname.startsWith("/rpc/");
  return isCall ? /status of (401|403|409|422|429) /.test(text) : /status of (401|409|422) /.test(text);
}

/** Collects what a browser complains about, in every tab of a context. */
export function watch(context: BrowserContext, complaints: string[]) {
  context.on("console", (message) => {
    if (message.type() !== "error" || isRefusal(message.text(), message.location().url)) return;
    complaints.push(`${message.page()?.url()}: ${message.text()}`);
  });
  context.on("weberror", (error) => complaints.push(`${error.page()?.url()}: ${error.error().message}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && !OUR_ORIGINS.has(url.origin)) complaints.push(`a request to another host: ${request.url()}`);
  });
}

/** A test whose every tab must stay free of console errors and of requests to other hosts. */
export const test = base.extend<{ complaints: string[]; secondContext: BrowserContext }>({
  complaints: [
    async ({ context }, use) => {
      const complaints: string[] = [];
      watch(context, complaints);
      await use(complaints);
      expect(complaints, "the browser complained").toEqual([]);
    },
    { auto: true },
  ],
  /** Another person's browser. */
  secondContext: async ({ browser, complaints }, use) => {
    const context = await browser.newContext();
    watch(context, complaints);
    await use(context);
    await context.close();
  },
});

export { expect };

/** The page has been taken over by its browser module: from here on clicks do what they are to do. */
export async function hydrated(page: Page) {
  await page.locator("body[data-hydrated]").waitFor();
}

export async function open(page: Page, path: string) {
  await page.goto(PORTAL + path);
  await hydrated(page);
}

let ownerCookies: Parameters<BrowserContext["addCookies"]>[0] | undefined;

/** Signs the Owner in to the portal: through the form the first time, with the same cookie later. */
export async function signIn(page: Page) {
  if (ownerCookies) {
    await page.context().addCookies(ownerCookies);
    return;
  }
  await signInAs(page, OWNER.email);
  ownerCookies = (await page.context().cookies()).filter((cookie) => cookie.name === "understudy");
}

export async function signInAs(page: Page, email: string) {
  await open(page, "/sign-in");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(OPERATOR_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/production\/users/);
  await hydrated(page);
}

/** The drawer of a user, opened from the users table. */
export async function drawerFromTable(page: Page, user: { email: string; name: string }): Promise<Locator> {
  await open(page, `/production/users?q=${encodeURIComponent(user.email)}`);
  const row = page.getByRole("row", { name: user.name });
  await row.hover();
  await row.getByRole("link", { name: `Impersonate ${user.name}` }).click();
  return drawer(page);
}

/** The same without script, from signing in. */
export async function drawerWithoutScript(page: Page, user: { email: string; name: string }): Promise<Locator> {
  await page.goto(`${PORTAL}/sign-in`);
  await page.getByLabel("E-mail").fill(OWNER.email);
  await page.getByLabel("Password").fill("understudy-demo-1");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("row")).toHaveCount(51);
  await page.goto(`${PORTAL}/production/users?q=${encodeURIComponent(user.email)}`);
  await page.getByRole("link", { name: `Impersonate ${user.name}` }).click();
  return page.getByRole("dialog");
}

export async function drawer(page: Page): Promise<Locator> {
  const dialog = page.getByRole("dialog", { name: "Impersonate user" });
  await expect(dialog.getByLabel("Reason")).toBeVisible();
  return dialog;
}

/** Starts what the drawer has chosen, and gives the new tab. */
export async function startSession(page: Page, dialog: Locator, reason: string): Promise<Page> {
  await dialog.getByLabel("Reason").fill(reason);
  const tab = page.context().waitForEvent("page");
  await dialog.getByRole("button", { name: "Start session" }).click();
  const opened = await tab;
  await expect(dialog.getByText("Session running").first()).toBeVisible();
  return opened;
}

/** Starts what the drawer has chosen though the sign-in has ended meanwhile, and signs in again the way that it offers. */
export async function startSignedOut(page: Page, dialog: Locator, reason: string) {
  await dialog.getByLabel("Reason").fill(reason);
  await page.context().clearCookies({ name: "understudy" });
  await dialog.getByRole("button", { name: "Start session" }).click();
  await dialog.getByRole("alert").getByRole("link", { name: "Sign in again" }).click();
  await page.getByLabel("E-mail").fill(OWNER.email);
  await page.getByLabel("Password").fill(OPERATOR_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** No violation that axe calls serious or critical. */
export async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter((violation) => violation.impact === "serious" || violation.impact === "critical");
  const told = grave.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
  expect(told, page.url()).toEqual([]);
}
