// openid-client 6: the rest of what the provider offers to ordinary clients.
import { webcrypto } from "node:crypto";

import { KEY_ID } from "../key";
import { claimsOf, expect, hostedSignIn, ISSUER, origin, PORTAL, test, unique, user } from "./support";
import { client, discover, impersonated, request, returned } from "./openid";

const ALAN = user("Alan", "Openid");
const HAND_OFF = "urn:understudy:params:oauth:token-type:hand-off";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** The key of which the provider knows the public half, or one that it does not know. */
async function key(known = true): Promise<client.ClientAuth> {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const own = () => webcrypto.subtle.importKey("jwk", JSON.parse(process.env.CLIENT_KEY!), curve, false, ["sign"]);
  const other = async () => (await webcrypto.subtle.generateKey(curve, false, ["sign", "verify"])).privateKey;
  return client.PrivateKeyJwt({ key: (await (known ? own() : other())) as client.CryptoKey, kid: KEY_ID });
}

test("openid-client: a client with a key of its own needs no secret, and another key is refused", async ({ operator, own }) => {
  const config = await discover("openid-client-key", await key());
  const reason = unique("With a key");
  const { tokens } = await impersonated(config, operator, ALAN, "Openid Client with a Key", reason);
  expect(tokens.claims()).toMatchObject({ aud: "openid-client-key", act: { sub: operator.id } });
  expect(JSON.parse(Buffer.from(tokens.id_token!.split(".")[0], "base64url").toString()).alg).toBe("ES256");
  expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, act: { sub: operator.id } });

  const stranger = await discover("openid-client-key", await key(false));
  const invalid = { error: "invalid_client" };
  await expect(client.refreshTokenGrant(stranger, tokens.refresh_token!)).rejects.toMatchObject(invalid);
  await expect(client.clientCredentialsGrant(stranger)).rejects.toMatchObject(invalid);
  const nobody = await discover("openid-client-key", client.None());
  await expect(client.refreshTokenGrant(nobody, tokens.refresh_token!)).rejects.toMatchObject(invalid);

  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token!);
  expect(refreshed.claims()).toMatchObject({ sid: tokens.claims()!.sid, act: { sub: operator.id } });
  await own.revokes(ALAN, reason);
  await expect(client.refreshTokenGrant(config, refreshed.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant" });
});

test("openid-client: a client gets tokens of its own, in which there is no user", async () => {
  for (const config of [await discover("openid-client"), await discover("openid-client-key", await key())]) {
    const { client_id } = config.clientMetadata();
    const tokens = await client.clientCredentialsGrant(config);
    expect(tokens.id_token).toBeUndefined();
    expect(tokens.refresh_token).toBeUndefined();
    const claims = claimsOf(tokens.access_token);
    expect(claims).toMatchObject({ iss: ISSUER, sub: client_id, client_id });
    for (const claim of ["act", "sid", "email", "tenantId"]) expect(claims).not.toHaveProperty(claim);
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, sub: client_id, client_id });
    await expect(client.fetchUserInfo(config, tokens.access_token, client.skipSubjectCheck)).rejects.toMatchObject({ status: expect.any(Number) });
  }
});

test("openid-client: the secret goes in the header or in the form, and a wrong one nowhere", async () => {
  const secret = "ucs_bdLvffHQsrRSAL7HDrxsNsqLM414e_qHZ38UDkwKry8J4AB";
  for (const method of [client.ClientSecretBasic, client.ClientSecretPost]) {
    expect((await client.clientCredentialsGrant(await discover("openid-client", method(secret)))).access_token).toBeTruthy();
    const wrong = await discover("openid-client", method(secret.replace("bdLv", "bdLw")));
    await expect(client.clientCredentialsGrant(wrong)).rejects.toMatchObject({ status: 401 });
  }
});

test("openid-client: an embedded application trades its hand-off code for a session, once", async ({ operator, own }) => {
  const config = await discover("openid-client-embedded");
  const reason = unique("Embedded");
  const tab = await operator.impersonate(ALAN, "Openid Client Embedded", reason);
  // The tab opens at the application itself, with what third-party initiated login gives.
  await tab.waitForURL((url) => url.href.startsWith(`${origin("openid-client-embedded")}/login`));
  const initiated = new URL(tab.url()).searchParams;
  expect(initiated.get("iss")).toBe(ISSUER);
  const exchange = { subject_token: initiated.get("login_hint")!, subject_token_type: HAND_OFF, scope: "openid profile email offline_access" };
  const grant = "urn:ietf:params:oauth:grant-type:token-exchange";

  const tokens = await client.genericGrantRequest(config, grant, exchange);
  expect(tokens.issued_token_type).toBe(ACCESS_TOKEN);
  const act = { sub: operator.id, iss: PORTAL };
  const claims = claimsOf(tokens.access_token);
  expect(claims).toMatchObject({ email: ALAN.email, tenantId: "client-works", act });
  expect(tokens.claims()).toMatchObject({ sub: claims.sub, sid: claims.sid, act });
  expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, act });
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token!);
  expect(claimsOf(refreshed.access_token)).toMatchObject({ sub: claims.sub, sid: claims.sid, act });

  await own.revokes(ALAN, reason);
  await expect(client.refreshTokenGrant(config, refreshed.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant" });
  expect(await client.tokenIntrospection(config, refreshed.access_token)).toEqual({ active: false });
});

test("openid-client: a hand-off code is worth nothing twice, nor to another application", async ({ operator }) => {
  const config = await discover("openid-client-embedded");
  const grant = "urn:ietf:params:oauth:grant-type:token-exchange";
  for (const first of ["openid-client", "openid-client-embedded"]) {
    const tab = await operator.impersonate(ALAN, "Openid Client Embedded", unique("Replayed"));
    await tab.waitForURL((url) => url.href.startsWith(`${origin("openid-client-embedded")}/login`));
    const exchange = { subject_token: new URL(tab.url()).searchParams.get("login_hint")!, subject_token_type: HAND_OFF };
    const taken = client.genericGrantRequest(await discover(first), grant, exchange);
    if (first === "openid-client") await expect(taken).rejects.toMatchObject({ status: 400 });
    else await taken;
    if (first === "openid-client-embedded") {
      await expect(client.genericGrantRequest(config, grant, exchange)).rejects.toMatchObject({ error: "invalid_request" });
    }
  }
});

test("openid-client: an answer by form is posted to the application", async ({ page }) => {
  const config = await discover("openid-client");
  const asked = await request(config, { response_mode: "form_post" });
  await page.goto(asked.url.href);
  const posted = page.waitForRequest((sent) => sent.method() === "POST" && sent.url().startsWith(origin("openid-client")));
  await hostedSignIn(page, ALAN);
  const sent = await posted;
  await returned(page, "openid-client");
  expect(new URL(sent.url()).search).toBe("");
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = new Request(sent.url(), { method: "POST", headers, body: sent.postData() });
  const tokens = await client.authorizationCodeGrant(config, answer, asked.checks);
  expect(tokens.claims()).toMatchObject({ email: ALAN.email });
});

test("openid-client: a user who must sign in again does, and an impersonation is never asked to", async ({ page, operator }) => {
  const config = await discover("openid-client");
  const first = await request(config);
  await page.goto(first.url.href);
  await hostedSignIn(page, ALAN);
  const before = await client.authorizationCodeGrant(config, await returned(page, "openid-client"), first.checks);
  for (const parameters of [{ prompt: "login" }, { max_age: "0" }]) {
    // Ages are counted in whole seconds.
    await page.waitForTimeout(1100);
    const again = await request(config, parameters as Record<string, string>);
    await page.goto(again.url.href);
    await hostedSignIn(page, ALAN);
    const checks = "max_age" in parameters ? { ...again.checks, maxAge: 0 } : again.checks;
    const after = await client.authorizationCodeGrant(config, await returned(page, "openid-client"), checks);
    expect(after.claims()!.auth_time).toBeGreaterThan(before.claims()!.auth_time as number);
  }
  const { tab, login_hint } = await impersonated(config, operator, ALAN, "Openid Client", unique("Again"));
  const inside = await request(config, { prompt: "login", login_hint });
  await tab.goto(inside.url.href);
  const entered = await client.authorizationCodeGrant(config, await returned(tab, "openid-client"), inside.checks);
  expect(entered.claims()).toHaveProperty("act");
  expect(entered.claims()).not.toHaveProperty("auth_time");
});
