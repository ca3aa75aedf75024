// What every client's test shares: its origin, its user, an operator who impersonates, and a user who revokes.
import { test as base, expect, type Browser, type BrowserContext, type Page } from "@playwright/test";

export { expect };

export const PORTAL = process.env.PORTAL_URL!;
export const ISSUER = `${PORTAL}/id/production`;
export const ORIGINS: Record<string, string> = JSON.parse(process.env.CLIENT_ORIGINS!);

/** Of the demonstration data. */
export const OWNER = { email: "olivia.owner@understudy.example", name: "Olivia Owner" };
const OPERATOR_PASSWORD = "understudy-demo-1";
/** Of the users in `data/users.csv`. */
export const USER_PASSWORD = "correct-horse-demo";

/** Where `client` is served. */
export function origin(client: string): string {
  const found = ORIGINS[client];
  if (!found) throw new Error(`no application ${client} is served`);
  return found;
}

export interface User {
  email: string;
  name: string;
}

export function user(first: string, last: string): User {
  return { email: `${first.toLowerCase()}@clients.example`, name: `${first} ${last}` };
}

/** A reason that no other session has, not even one of an earlier run. */
export function unique(reason: string): string {
  return `${reason}, ${Date.now().toString(36)}`;
}

/** The browser module is not there in a server that was built for nothing but these tests. */
const HYDRATES = process.env.PORTAL_WITHOUT_MODULE !== "1";
/** Nor are its other files. */
const ABSENT = HYDRATES ? [] : [/\/assets\/|icons\.svg|favicon\.svg/];
const OUR_ORIGINS = new Set([PORTAL, ...Object.values(ORIGINS)].map((url) => new URL(url).origin));

function watch(context: BrowserContext, complaints: string[], expected: RegExp[]) {
  context.on("console", (message) => {
    const text = `${message.text()} (${message.location().url})`;
    if (message.type() === "error" && ![...expected, ...ABSENT].some((each) => each.test(text))) complaints.push(`${message.page()?.url()}: ${text}`);
  });
  context.on("weberror", (error) => complaints.push(`${error.page()?.url()}: ${error.error().message}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && !OUR_ORIGINS.has(url.origin)) complaints.push(`a request to another host: ${request.url()}`);
  });
}

interface Fixtures {
  /** Complaints of the browser that are part of how a client works, such as the 401 by which it learns that nobody is signed in. */
  expected: RegExp[];
  complaints: string[];
  /** An operator, signed in to the portal; impersonated tabs open in the same browser. */
  operator: Operator;
  /** The browser of the user, apart from the operator's. */
  own: Own;
}

export const test = base.extend<Fixtures>({
  expected: [[], { option: true }],
  complaints: [
    async ({ context, expected }, use) => {
      const complaints: string[] = [];
      watch(context, complaints, expected);
      await use(complaints);
      expect(complaints, "the browser complained").toEqual([]);
    },
    { auto: true },
  ],
  operator: async ({ browser, complaints, expected }, use) => {
    const context = await browser.newContext();
    watch(context, complaints, expected);
    await use(await Operator.signIn(context));
    await context.close();
  },
  own: async ({ browser, complaints, expected }, use) => {
    const own = new Own(browser, complaints, expected);
    await use(own);
    await own.close();
  },
});

let operatorCookies: Parameters<BrowserContext["addCookies"]>[0] | undefined;

/** The Owner, at work in the portal. */
export class Operator {
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    /** What `act.sub` has to be, as the portal says it. */
    readonly id: string,
  ) {}

  static async signIn(context: BrowserContext): Promise<Operator> {
    const page = await context.newPage();
    if (operatorCookies) {
      await context.addCookies(operatorCookies);
    } else {
      await page.goto(`${PORTAL}/sign-in`);
      await hydrated(page);
      await page.getByLabel("E-mail").fill(OWNER.email);
      await page.getByLabel("Password").fill(OPERATOR_PASSWORD);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL(/\/production\/users/);
      operatorCookies = (await context.cookies()).filter((cookie) => cookie.name === "understudy");
    }
    const shell = await context.request.post(`${PORTAL}/rpc/shell`, { form: { environment: "production" } });
    return new Operator(context, page, (await shell.json()).operator_id);
  }

  /** Starts a session as `target` in an application, in the portal's drawer, and gives the tab that it opened. */
  async impersonate(target: User, application: string, reason: string): Promise<Page> {
    const { page } = this;
    await page.goto(`${PORTAL}/production/users?q=${encodeURIComponent(target.email)}`);
    await hydrated(page);
    const row = page.getByRole("row", { name: target.name });
    await row.hover();
    await row.getByRole("link", { name: `Impersonate ${target.name}` }).click();
    const dialog = page.getByRole("dialog", { name: "Impersonate user" });
    await dialog.getByLabel("Reason").fill(reason);
    await dialog.getByLabel("Application").selectOption({ label: await optionLabel(dialog, application) });
    const tab = this.context.waitForEvent("page");
    await dialog.getByRole("button", { name: "Start session" }).click();
    return tab;
  }
}

/** The option whose label begins with this name and nothing longer. */
async function optionLabel(dialog: ReturnType<Page["getByRole"]>, application: string): Promise<string> {
  const labels = await dialog.getByLabel("Application").locator("option").allTextContents();
  const found = labels.find((label) => label === application || label.startsWith(`${application} ·`) || label.startsWith(`${application} (`));
  if (!found) throw new Error(`the drawer offers no ${application}, but ${labels.join(", ")}`);
  return found;
}

async function hydrated(page: Page) {
  if (HYDRATES) await page.locator("body[data-hydrated]").waitFor();
}

/** A user's own browser, and its page *My sessions*. */
export class Own {
  private context?: BrowserContext;

  constructor(
    private readonly browser: Browser,
    private readonly complaints: string[],
    private readonly expected: RegExp[],
  ) {}

  async page(): Promise<Page> {
    if (!this.context) {
      this.context = await this.browser.newContext();
      watch(this.context, this.complaints, this.expected);
    }
    return this.context.newPage();
  }

  /** Signs in, finds the impersonation among the own sessions by its reason, and revokes it. */
  async revokes(owner: User, reason: string) {
    const page = await this.page();
    await page.goto(`${ISSUER}/account/sessions`);
    if (await page.getByLabel("Password").isVisible()) await hostedSignIn(page, owner);
    const item = page.getByRole("listitem").filter({ hasText: reason });
    await expect(item).toContainText(OWNER.name);
    await item.getByRole("button", { name: /Revoke/ }).click();
    await expect(page.getByRole("listitem").filter({ hasText: reason })).toContainText("Ended by the user");
    await page.close();
  }

  async close() {
    await this.context?.close();
  }
}

/** The provider's own sign-in page, which `page` shows. */
export async function hostedSignIn(page: Page, who: User) {
  await page.getByLabel("E-mail").fill(who.email);
  await page.getByLabel("Password").fill(USER_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The claims of a token, unchecked. */
export function claimsOf(token: string) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
}
