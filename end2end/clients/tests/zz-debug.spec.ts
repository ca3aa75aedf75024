import { test, origin, hostedSignIn, user, PORTAL } from "./support";
for (const id of (process.env.DEBUG_APPS ?? "js-6-hosted").split(",")) test(`debug ${id}`, async ({ page }) => {
  if (process.env.DEBUG_CLOCK) await page.clock.install();
  const t0 = Date.now();
  page.on("request", (r) => { if (!r.url().includes("/assets/")) console.log(Date.now() - t0, "REQ", r.method(), r.url().slice(0, 420), r.postData()?.slice(0, 300) ?? ""); });
  page.on("response", (r) => { if (r.url().startsWith(PORTAL) && r.status() >= 300) console.log(Date.now() - t0, "RES", r.status(), r.url().slice(0, 100)); });
  page.on("framenavigated", (f) => console.log(Date.now() - t0, "NAV", f.url().slice(0, 100)));
  await page.goto(origin(id));
  await page.waitForURL(/\/id\/production\/login/);
  await hostedSignIn(page, user("Gus", "Backend"));
  await page.waitForTimeout(4000);
  console.log(await page.locator("h1").first().textContent());
});
