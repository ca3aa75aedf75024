// openid-client 6: an operator impersonates, every token says so, and the user's revocation is felt at once.
import { claimsOf, expect, ISSUER, origin, PORTAL, test, unique, user } from "./support";
import { client, discover, impersonated, request, returned } from "./openid";

const ADA = user("Ada", "Openid");

test("openid-client: an impersonated session names its operator everywhere, and ends when its user revokes it", async ({ operator, own }) => {
  const config = await discover("openid-client");
  const reason = unique("Openid client, hosted");
  const { tab, initiated, login_hint, tokens } = await impersonated(config, operator, ADA, "Openid Client", reason);
  expect(initiated.get("iss")).toBe(ISSUER);
  expect(initiated.get("target_link_uri")).toBe(`${origin("openid-client")}/`);

  const act = { sub: operator.id, iss: PORTAL };
  const claims = tokens.claims()!;
  expect(claims).toMatchObject({ email: ADA.email, tenantId: "client-works", act });
  expect(claims.sub).not.toBe(operator.id);
  expect(claims).not.toHaveProperty("auth_time");
  expect(claims).not.toHaveProperty("amr");
  const access = claimsOf(tokens.access_token);
  expect(access).toMatchObject({ sub: claims.sub, sid: claims.sid, act });
  expect(access.exp - access.iat).toBeLessThanOrEqual(300);
  expect(await client.fetchUserInfo(config, tokens.access_token, claims.sub)).toMatchObject({ act });
  expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, act, sid: claims.sid });

  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token!);
  expect(refreshed.claims()).toMatchObject({ sub: claims.sub, sid: claims.sid, act });
  expect(claimsOf(refreshed.access_token)).toMatchObject({ sub: claims.sub, sid: claims.sid, act });

  await own.revokes(ADA, reason);
  await expect(client.refreshTokenGrant(config, refreshed.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant" });
  expect(await client.tokenIntrospection(config, refreshed.access_token)).toEqual({ active: false });
  await expect(client.fetchUserInfo(config, refreshed.access_token, claims.sub)).rejects.toMatchObject({ status: 401 });
  const silent = await request(config, { prompt: "none", login_hint });
  await tab.goto(silent.url.href);
  expect((await returned(tab, "openid-client")).searchParams.get("error")).toBe("login_required");
});
