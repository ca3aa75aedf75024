// Text as people type it: addresses with letters of all alphabets, names without their accents.
import { PORTAL, expect, expectAccessible, hydrated, open, signIn, test } from "./support";

test("a browser sends an international address as it was typed", async ({ page }) => {
  await page.goto(`${PORTAL}/id/production/login`);
  await page.getByLabel("E-mail").fill("josé@bücher.example");
  const sent = await page.getByLabel("E-mail").evaluate((input: HTMLInputElement) => input.checkValidity() && new FormData(input.form!).get("email"));
  expect(sent).toBe("josé@bücher.example");
  await page.goto(`${PORTAL}/sign-in`);
  await hydrated(page);
  await page.getByLabel("E-mail").fill("josé@bücher.example");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The e-mail or the password is wrong.")).toBeVisible();
  await expect(page.getByLabel("E-mail")).toHaveValue("josé@bücher.example");
});

test("a person is found by what is pasted, and a search for nobody says what was looked for", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  const search = page.getByRole("searchbox", { name: /name/i });
  for (const typed of ["Okafor, Amara", "Amara Okafor <amara.okafor@northwind.example>", "AMARA  okafor\u200b"]) {
    await search.fill(typed);
    await expect(page.getByRole("row")).toHaveCount(2);
    await expect(page.getByRole("row").nth(1)).toContainText("Amara Okafor");
  }
  await search.fill("amara zzyzx");
  await expect(page.getByText("“amara” and “zzyzx”")).toBeVisible();
});

test("a name of any direction stands beside its face, at every width", async ({ page }) => {
  await signIn(page);
  for (const width of [320, 390, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    for (const words of ["\u05d4", "katarzyna"]) {
      await open(page, `/production/users?q=${encodeURIComponent(words)}`);
      const row = page.getByRole("row").nth(1);
      const face = await row.locator(".avatar").boundingBox();
      // The text's own place, not that of the box around it.
      const name = await row.locator("a.person-name").evaluate((link) => {
        const range = document.createRange();
        range.selectNodeContents(link);
        return range.getBoundingClientRect().left;
      });
      expect(name - (face!.x + face!.width), `${words} at ${width}`).toBeLessThan(24);
    }
  }
});

test("no page of a long name is wider than a phone", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users?q=fatima");
  const user = await page.locator("a.person-name").first().getAttribute("href");
  await open(page, "/production/applications");
  const application = await page.locator('a[href*="/production/applications/"]').first().getAttribute("href");
  for (const width of [320, 390, 640]) {
    await page.setViewportSize({ width, height: 800 });
    for (const path of [user!, application!, "/production/impersonation", "/production/audit", "/production/users"]) {
      await open(page, path);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(over, `${path} at ${width}`).toBeLessThanOrEqual(0);
    }
  }
  // All accounts of a user are there to be seen, however many.
  await page.setViewportSize({ width: 1440, height: 900 });
  await open(page, user!);
  const list = page.locator(".account-list");
  expect(await list.evaluate((element) => element.scrollHeight - element.clientHeight)).toBeLessThanOrEqual(1);
});
