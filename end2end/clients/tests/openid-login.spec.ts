// openid-client 6: a user signs in, and everything that an application does with the session afterwards.
import { claimsOf, expect, hostedSignIn, ISSUER, origin, PORTAL, test, user } from "./support";
import { client, discover, request, returned } from "./openid";

const ADA = user("Ada", "Openid");

async function signedIn(page: import("@playwright/test").Page, config: client.Configuration, parameters = {}) {
  const asked = await request(config, parameters);
  await page.goto(asked.url.href);
  await hostedSignIn(page, ADA);
  const answer = await returned(page, config.clientMetadata().client_id);
  return { asked, answer, tokens: await client.authorizationCodeGrant(config, answer, asked.checks) };
}

test("openid-client: a user signs in, and the tokens say who", async ({ page }) => {
  const config = await discover("openid-client");
  expect(config.serverMetadata().issuer).toBe(ISSUER);
  const { tokens } = await signedIn(page, config);
  const claims = tokens.claims()!;
  expect(claims).toMatchObject({ iss: ISSUER, aud: "openid-client", email: ADA.email, tenantId: "client-works" });
  expect(claims.auth_time).toBeGreaterThan(Date.now() / 1000 - 60);
  expect(claims).not.toHaveProperty("act");
  expect(claimsOf(tokens.access_token)).not.toHaveProperty("act");

  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  expect(info).toMatchObject({ sub: claims.sub, name: ADA.name, email: ADA.email, email_verified: true });
  expect(info).not.toHaveProperty("act");

  const told = await client.tokenIntrospection(config, tokens.access_token);
  expect(told).toMatchObject({ active: true, sub: claims.sub, sid: claims.sid, client_id: "openid-client" });

  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token!);
  expect(refreshed.claims()).toMatchObject({ sub: claims.sub, sid: claims.sid, auth_time: claims.auth_time });
  expect(claimsOf(refreshed.access_token).jti).not.toBe(claimsOf(tokens.access_token).jti);
});

test("openid-client: a revoked token is inactive, and its session goes on no further", async ({ page }) => {
  const config = await discover("openid-client");
  const { tokens } = await signedIn(page, config);
  await client.tokenRevocation(config, tokens.refresh_token!);
  await expect(client.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant" });
  expect((await client.tokenIntrospection(config, tokens.refresh_token!)).active).toBe(false);
});

test("openid-client: an answer of another issuer, another request or another verifier is refused", async ({ page }) => {
  const config = await discover("openid-client");
  const asked = await request(config);
  await page.goto(asked.url.href);
  await hostedSignIn(page, ADA);
  const answer = await returned(page, "openid-client");
  expect(answer.searchParams.get("iss")).toBe(ISSUER);

  const because = (word: RegExp) => ({ cause: { message: expect.stringMatching(word) } });
  // RFC 9207: the client takes no answer without the issuer's name, since discovery promises it.
  const nameless = new URL(answer);
  nameless.searchParams.delete("iss");
  await expect(client.authorizationCodeGrant(config, nameless, asked.checks)).rejects.toMatchObject(because(/iss/));
  const foreign = new URL(answer);
  foreign.searchParams.set("iss", `${PORTAL}/id/staging`);
  await expect(client.authorizationCodeGrant(config, foreign, asked.checks)).rejects.toMatchObject(because(/iss/));
  await expect(client.authorizationCodeGrant(config, answer, { ...asked.checks, expectedState: "other" })).rejects.toMatchObject(because(/state/));

  // So far the code has not left this machine; with another verifier the provider refuses it, for good.
  const verifier = client.randomPKCECodeVerifier();
  const invalid = { error: "invalid_grant" };
  await expect(client.authorizationCodeGrant(config, answer, { ...asked.checks, pkceCodeVerifier: verifier })).rejects.toMatchObject(invalid);
});

test("openid-client: a code works once, and the same exchange again at once ends nothing", async ({ page }) => {
  const config = await discover("openid-client");
  const { asked, answer, tokens } = await signedIn(page, config);
  await expect(client.authorizationCodeGrant(config, answer, asked.checks)).rejects.toMatchObject({ error: "invalid_grant" });
  // A callback page that runs twice is no theft: another verifier, or the same exchange later, would be.
  expect((await client.refreshTokenGrant(config, tokens.refresh_token!)).access_token).toBeTruthy();
});

test("openid-client: what cannot be answered comes back as the standard's error", async ({ page }) => {
  const config = await discover("openid-client");
  const errors = [
    [{ prompt: "none" }, "login_required"],
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ scope: "profile" }, "invalid_scope"],
    [{ code_challenge_method: "plain" }, "invalid_request"],
    [{ request: "e30.e30." }, "request_not_supported"],
  ] as const;
  for (const [parameters, error] of errors) {
    const asked = await request(config, parameters);
    await page.goto(asked.url.href);
    const answer = await returned(page, "openid-client");
    await expect(client.authorizationCodeGrant(config, answer, asked.checks), JSON.stringify(parameters)).rejects.toMatchObject({ error });
  }
});

test("openid-client: signing out ends the session and leads back", async ({ page }) => {
  const config = await discover("openid-client");
  const { tokens } = await signedIn(page, config);
  const url = client.buildEndSessionUrl(config, {
    post_logout_redirect_uri: `${origin("openid-client")}/signed-out`,
    id_token_hint: tokens.id_token!,
    state: "out",
  });
  await page.goto(url.href);
  await page.waitForURL(`${origin("openid-client")}/signed-out?state=out`);
  expect((await client.tokenIntrospection(config, tokens.access_token)).active).toBe(false);
  await expect(client.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant" });
  await page.goto((await request(config, { prompt: "none" })).url.href);
  expect((await returned(page, "openid-client")).searchParams.get("error")).toBe("login_required");
});
