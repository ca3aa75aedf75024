// Text as people type it: addresses with letters of all alphabets, names without their accents, one account among many.
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

test("an account is chosen by typing a part of its name", async ({ page }) => {
  await signIn(page);
  await open(page, "/production/users");
  await page.getByRole("button", { name: "Account", exact: true }).click();
  const panel = page.locator("#account-choice");
  await expect(panel.getByText(/type to narrow|accounts\./)).toBeVisible();
  await panel.getByLabel("Account").fill("northw");
  await expect(panel.getByRole("link")).toHaveCount(1);
  await expectAccessible(page);
  await panel.getByLabel("Account").press("Enter");
  await expect(page).toHaveURL(/account=northwind$/);
  await expect(page.getByRole("button", { name: "Northwind Traders (northwind)" })).toBeVisible();
  await page.getByRole("link", { name: "Remove filter: Account" }).click();
  await expect(page).not.toHaveURL(/account=/);
});
