// The SDK for Python, in a backend with Flask: it checks tokens by itself, and knows who is behind an impersonation.
import { claimsOf, expect, origin, test, unique, user } from "../../tests/support";
import { client, discover, impersonated } from "../../tests/openid";

const PIA = user("Pia", "Python");

test("frontegg for Python: a backend knows user, account, roles and operator, and refuses what was tampered with", async ({ operator, own }) => {
  const get = (path: string, token: string) => fetch(origin("python-caller") + path, { headers: { authorization: `Bearer ${token}` } });
  const config = await discover("python-caller");
  const reason = unique("Python");
  const { tokens } = await impersonated(config, operator, PIA, "Python Caller", reason);
  const { sub } = tokens.claims()!;
  const answer = await get("/me", tokens.access_token);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ sub, email: PIA.email, tenantId: "client-servers", act: { sub: operator.id } });
  expect((await get("/admins", tokens.access_token)).status).toBe(200);
  expect((await get("/nobody", tokens.access_token)).status).toBe(403);

  const [head, , signature] = tokens.access_token.split(".");
  const { act, ...claims } = claimsOf(tokens.access_token);
  expect(act).toBeTruthy();
  const tampered = [head, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
  expect((await get("/me", tampered)).status).toBe(401);
  expect((await fetch(`${origin("python-caller")}/me`)).status).toBe(401);

  // The SDK verifies by key alone: what ends is the refreshing, and with it the tokens, within five minutes.
  await own.revokes(PIA, reason);
  await expect(client.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant" });
});
