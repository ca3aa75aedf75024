// The way in and out of the portal.
import { AMARA, OWNER, SAMPLE, drawerFromTable, expect, expectAccessible, open, signIn, signInAs, startSession, test } from "./support";

test("signing out says which sessions it ends, and ends them", async ({ page }) => {
  // Not with the cookie that the other journeys share: it is worth nothing afterwards.
  await signInAs(page, OWNER.email);
  const tab = await startSession(page, await drawerFromTable(page, AMARA), "Still running at the sign-out");
  await expect(tab).toHaveURL(new RegExp(`^${SAMPLE}`));
  await open(page, "/production/users");
  await page.getByRole("button", { name: "Sign out" }).click();
  const question = page.getByRole("dialog", { name: "Sign out?" });
  await expect(question).toContainText("1 running session will end");
  await expectAccessible(page);
  await question.getByRole("button", { name: "Stay" }).click();
  await expect(question).toBeHidden();
  await page.getByRole("button", { name: "Sign out" }).click();
  await question.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(tab.getByText("This session has ended")).toBeVisible();
});

test("protected permissions are typed and kept", async ({ page }) => {
  await signIn(page);
  await open(page, "/qa/impersonation");
  const field = page.getByLabel("Protected permissions");
  await field.fill("account.audit.read billing.write");
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByText("Settings saved")).toBeVisible();
  await open(page, "/qa/impersonation");
  await expect(field).toHaveValue("account.audit.read\nbilling.write");
  await expectAccessible(page);
});

test("who saves settings that somebody else changed meanwhile keeps what was typed, and sees what it replaces", async ({ page, secondContext }) => {
  await signIn(page);
  await open(page, "/staging/impersonation");
  const other = await secondContext.newPage();
  await signIn(other);
  await open(other, "/staging/impersonation");
  await other.getByLabel("Protected permissions").fill("account.audit.read");
  await other.getByRole("button", { name: "Save settings" }).click();
  await expect(other.getByText("Settings saved")).toBeVisible();
  const field = page.getByLabel("Protected permissions");
  await field.fill("billing.write");
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByRole("alert")).toContainText("Somebody changed this meanwhile");
  await expect(page.getByText("Stored by now: account.audit.read.")).toBeVisible();
  await expect(field).toHaveValue("billing.write");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByText("Settings saved")).toBeVisible();
  await expect(page.getByText("Stored by now")).toHaveCount(0);
  await open(page, "/staging/impersonation");
  await expect(field).toHaveValue("billing.write");
});
