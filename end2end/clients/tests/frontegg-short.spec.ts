// The newest @frontegg/react in an application that keeps no session alive: an impersonation is over after five minutes.
import { signedIn } from "./frontegg";
import { claimsOf, expect, ISSUER, test, unique, user } from "./support";

const CLEO = user("Cleo", "React");

test.use({ expected: [/status of 401 .*\/authorize\/silent\)/] });

test("React Short: an impersonation is not refreshed, and ends after five minutes", async ({ operator }) => {
  await operator.context.clock.install();
  const tab = await operator.impersonate(CLEO, "React Short", unique("Short"));
  const first = await signedIn(tab);
  expect(first).toMatchObject({ email: CLEO.email, act: { sub: operator.id } });
  expect(first.refreshToken ?? null).toBeNull();

  // Opened anew, it has what is left of its time, and no more.
  await tab.reload();
  const again = await signedIn(tab);
  expect(again).toMatchObject({ sid: first.sid, act: { sub: operator.id } });
  expect(claimsOf(again.accessToken).exp).toBeLessThanOrEqual(claimsOf(first.accessToken).exp);

  // Four fifths of it are no reason to refresh here; the end is an end.
  const refreshes: string[] = [];
  tab.on("request", (request) => {
    if (request.url().startsWith(ISSUER) && /oauth\/token|authorize\/silent/.test(request.url())) refreshes.push(request.url());
  });
  await tab.clock.fastForward(245_000);
  expect(await signedIn(tab)).toMatchObject({ accessToken: again.accessToken });
  await tab.clock.fastForward(60_000);
  await expect(tab.getByRole("heading", { name: "The impersonation has ended" })).toBeVisible();
  expect(refreshes).toEqual([]);
});
