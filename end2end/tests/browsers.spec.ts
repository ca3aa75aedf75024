// What browsers do with forms: over plain http on a name of the network, and on the way to an application that leads on.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { AMARA, OPERATOR_PASSWORD, OWNER, PORTAL, USER_PASSWORD, expect, test } from "./support";

const UNDERSTUDY = process.env.UNDERSTUDY!;
// RFC 7636 appendix B.
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/** A server on a port of its own that answers each request so. */
async function listening(answer: (url: URL, method: string) => { location?: string; text?: string }): Promise<[Server, string]> {
  const server = createServer((request, response) => {
    request.resume();
    const { location, text } = answer(new URL(request.url!, "http://127.0.0.1"), request.method!);
    response.writeHead(location ? 302 : 200, { "content-type": "text/html", ...(location ? { location } : {}) });
    response.end(text ?? "");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

test.describe("an application that leads on after its callback", () => {
  let servers: Server[] = [];
  let hop = "";
  let tenant = "";
  let folder = "";

  test.beforeAll(async () => {
    const [third, thirdUrl] = await listening(() => ({ text: "<h1>Welcome</h1>" }));
    tenant = thirdUrl;
    const [first, firstUrl] = await listening((url) =>
      url.pathname === "/callback" ? { location: `${tenant}/welcome` } : { text: "home" },
    );
    hop = firstUrl;
    servers = [first, third];
    folder = mkdtempSync(join(tmpdir(), "understudy-hop-"));
    const applications = join(folder, "applications.csv");
    const accounts = join(folder, "accounts.csv");
    writeFileSync(applications, `client_id,name,app_url,redirect_uris\nhop,Hop,${hop}/,${hop}/callback\n`);
    const assigned = "northwind-console*;harbor-dispatch;atlas-planner;hop";
    writeFileSync(accounts, `external_id,name,applications\nnorthwind,Northwind Traders,${assigned}\n`);
    const env = { ...process.env, DATA_DIR: process.env.PORTAL_DATA! };
    delete (env as Record<string, string | undefined>).DATABASE_URL;
    execFileSync(UNDERSTUDY, ["import", "--environment", "production", applications, accounts], { env, stdio: "pipe" });
  });

  test.afterAll(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [mode, words] of [["query", "by redirect"], ["form_post", "by form"]]) {
    test(`is reached through the sign-in, answered ${words}`, async ({ browser }) => {
      const context = await browser.newContext();
      const page = await context.newPage();
      const query = new URLSearchParams({
        client_id: "hop",
        response_type: "code",
        response_mode: mode,
        scope: "openid",
        state: "s",
        redirect_uri: `${hop}/callback`,
        code_challenge: CHALLENGE,
        code_challenge_method: "S256",
      });
      await page.goto(`${PORTAL}/id/production/authorize?${query}`);
      await page.getByLabel("E-mail").fill(AMARA.email);
      await page.getByLabel("Password").fill(USER_PASSWORD);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL(`${tenant}/welcome`);
      await expect(page.getByRole("heading", { name: "Welcome" })).toBeVisible();
      await context.close();
    });
  }

  test("is reached without script, too", async ({ browser }) => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const query = `client_id=hop&response_type=code&response_mode=form_post&scope=openid&state=s&redirect_uri=${encodeURIComponent(`${hop}/callback`)}&code_challenge=${CHALLENGE}&code_challenge_method=S256`;
    await page.goto(`${PORTAL}/id/production/authorize?${query}`);
    await page.getByLabel("E-mail").fill(AMARA.email);
    await page.getByLabel("Password").fill(USER_PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Go on to Hop" }).click();
    await page.waitForURL(`${tenant}/welcome`);
    await context.close();
  });
});

test.describe("a server on the network, over plain http", () => {
  let server: ChildProcess;
  let data = "";
  let port = 0;

  test.beforeAll(async () => {
    const [free, url] = await listening(() => ({}));
    port = Number(new URL(url).port);
    await new Promise((done) => free.close(done));
    data = mkdtempSync(join(tmpdir(), "understudy-lan-"));
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      DATA_DIR: data,
      LISTEN_ADDR: `127.0.0.1:${port}`,
      PUBLIC_URL: `http://understudy.lan:${port}`,
    };
    delete env.DATABASE_URL;
    server = spawn(UNDERSTUDY, ["demo"], { env, cwd: data, stdio: "ignore" });
    await expect(async () => {
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    }).toPass({ timeout: 30_000 });
  });

  test.afterAll(() => {
    server?.kill("SIGTERM");
    rmSync(data, { recursive: true, force: true });
  });

  test("takes the forms of its hosted pages and of the portal", async () => {
    const isRoot = process.getuid?.() === 0;
    // A name that is not this machine's own: browsers send no Sec-Fetch-Site there.
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [...(isRoot ? ["--no-sandbox"] : []), "--host-resolver-rules=MAP understudy.lan 127.0.0.1"],
    });
    const page = await (await browser.newContext()).newPage();
    const base = `http://understudy.lan:${port}`;
    await page.goto(`${base}/id/production/account/sessions`);
    await page.getByLabel("E-mail").fill(AMARA.email);
    await page.getByLabel("Password").fill(USER_PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { name: "My sessions" })).toBeVisible();
    await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
    await expect(page.getByRole("heading", { name: "My sessions" })).toBeHidden();

    await page.goto(`${base}/sign-in`);
    await page.locator("body[data-hydrated]").waitFor();
    await page.getByLabel("E-mail").fill(OWNER.email);
    await page.getByLabel("Password").fill(OPERATOR_PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(/\/production\/users/);

    // Under its number it is the same server with another name: the browser is brought to the right one.
    const other = await (await browser.newContext()).newPage();
    await other.goto(`http://127.0.0.1:${port}/id/production/login`);
    expect(new URL(other.url()).host).toBe(`understudy.lan:${port}`);
    await browser.close();
  });
});

test("days of the audit trail are those of the reader's calendar", async ({ browser }) => {
  const context = await browser.newContext({ timezoneId: "Asia/Tokyo" });
  const page = await context.newPage();
  await page.goto(`${PORTAL}/sign-in`);
  await page.locator("body[data-hydrated]").waitFor();
  await page.getByLabel("E-mail").fill(OWNER.email);
  await page.getByLabel("Password").fill(OPERATOR_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/production\/users/);
  await page.goto(`${PORTAL}/production/audit`);
  await page.locator("body[data-hydrated]").waitFor();
  await page.getByRole("button", { name: "Dates" }).click();
  await page.getByLabel("First day").fill("2026-03-29");
  await page.waitForURL(/from=2026-03-29/);
  expect(new URL(page.url()).searchParams.get("from_offset")).toBe("540");
  await expect(page.getByRole("button", { name: "From 2026-03-29, UTC+9" })).toBeVisible();
  await context.close();
});
