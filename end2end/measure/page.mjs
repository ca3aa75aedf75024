// What a browser sees of the users table: `node page.mjs` loads it a few times, each time in a browser that was never there and
// then once more in the same one, and prints a line of JSON a load. `cargo xtask bench page` starts it and holds it against limits.
import { chromium } from "@playwright/test";

const { PORTAL_URL: portal, CHROMIUM: executablePath, EMAIL: email, PASSWORD: password, LOADS: loads } = process.env;
const PATH = "/production/users";
const isRoot = process.getuid?.() === 0;
const launch = () =>
  chromium.launch({
    executablePath,
    args: [...(isRoot ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
  });

/** In the page, before anything of it: when the last row was first on the screen, and when the module had taken the page over. */
function clock() {
  const seen = (globalThis.seen = {});
  const look = () => {
    const rows = document.querySelectorAll(".users-table tbody tr");
    if (rows.length > 1 && document.readyState !== "loading" && rows[0].getBoundingClientRect().height > 0) seen.visible ??= performance.now();
    if (document.body?.hasAttribute("data-hydrated")) seen.interactive ??= performance.now();
    if (!seen.visible || !seen.interactive) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

async function load(page, kind) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const requests = new Map();
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.url.startsWith("http")) requests.set(requestId, { url: request.url, bytes: 0, cached: false });
  });
  const of = (id, change) => requests.has(id) && change(requests.get(id));
  devtools.on("Network.requestServedFromCache", ({ requestId }) => of(requestId, (one) => (one.cached = true)));
  devtools.on("Network.responseReceived", ({ requestId, response }) => of(requestId, (one) => (one.cached ||= response.fromDiskCache ?? false)));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => of(requestId, (one) => (one.bytes = encodedDataLength)));
  const answer = await page.goto(portal + PATH);
  await page.locator("body[data-hydrated]").waitFor();
  await page.waitForLoadState("networkidle");
  const seen = await page.evaluate(() => {
    const count = (what) => {
      const walker = document.createTreeWalker(document, what);
      let nodes = 0;
      while (walker.nextNode()) nodes += 1;
      return nodes;
    };
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
    return {
      // A frame with the table in its layout is seen no earlier than the first that is painted.
      visible: Math.max(painted, globalThis.seen.visible),
      interactive: globalThis.seen.interactive,
      elements: count(NodeFilter.SHOW_ELEMENT),
      nodes: count(NodeFilter.SHOW_ALL),
      comments: count(NodeFilter.SHOW_COMMENT),
      inTable: document.querySelectorAll(".users-table *").length,
      rows: document.querySelectorAll(".users-table tbody tr").length,
    };
  });
  const sent = [...requests.values()].filter((one) => !one.cached);
  const files = sent.map((one) => [new URL(one.url).pathname, one.bytes]);
  const html = (await answer.body()).length;
  const htmlSent = files[0][1];
  await devtools.detach();
  console.log(JSON.stringify({ kind, html, htmlSent, requests: sent.length, bytes: sent.reduce((sum, one) => sum + one.bytes, 0), files, ...seen }));
}

let storageState;
for (let number = 0; number < Number(loads); number += 1) {
  const browser = await launch();
  if (!storageState) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${portal}/sign-in`);
    await page.locator("body[data-hydrated]").waitFor();
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(/\/users/);
    storageState = await context.storageState();
    await context.close();
    await browser.close();
    number -= 1;
    continue;
  }
  const context = await browser.newContext({ storageState, viewport: { width: 1280, height: 800 } });
  await context.addInitScript(clock);
  const page = await context.newPage();
  await load(page, "cold");
  await load(page, "warm");
  await browser.close();
}
