// @frontegg/client, in a Node backend with express: it checks tokens by itself, and knows who is behind an impersonation.
import type { AddressInfo } from "node:net";

import express from "express";

import { expect, hostedSignIn, ISSUER, test, unique, user } from "./support";
import { signedIn } from "./frontegg";
import { client, discover, impersonated, request, returned, SECRETS } from "./openid";

const GUS = user("Gus", "Backend");

/** A backend that does what the SDK's documentation says, and, on one path, asks the provider as well. */
async function backend() {
  // Read by the SDK when it is loaded.
  process.env.FRONTEGG_API_GATEWAY_URL = ISSUER;
  const { FronteggContext, withAuthentication } = await import("@frontegg/client");
  FronteggContext.init({ FRONTEGG_CLIENT_ID: "openid-client", FRONTEGG_API_KEY: SECRETS["openid-client"] });
  const provider = await discover("openid-client");
  const app = express();
  const answer: express.RequestHandler = (request, response) => void response.json((request as any).frontegg.user);
  const ask: express.RequestHandler = async (request, response, next) => {
    const token = request.header("authorization")!.replace("Bearer ", "");
    const { active } = await client.tokenIntrospection(provider, token);
    return active ? next() : response.status(401).send("ended");
  };
  app.get("/me", withAuthentication(), answer);
  app.get("/admins", withAuthentication({ roles: ["admin"] }), answer);
  app.get("/nobody", withAuthentication({ permissions: ["nobody.has.this"] }), answer);
  app.get("/careful", withAuthentication(), ask, answer);
  app.use(((_error, _request, _response, _next) => {}) satisfies express.ErrorRequestHandler);
  const server = app.listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = (path: string, token: string) => fetch(address + path, { headers: { authorization: `Bearer ${token}` } });
  return { get, close: () => server.close() };
}

// Before the SDK in the browser asks anew, it asks silently, and is told that nobody is signed in.
test.use({ expected: [/status of 401 .*\/authorize\/silent\)/] });

test("@frontegg/client: a backend knows user, account, roles and operator, refuses what was tampered with, and notices an end by introspection", async ({
  page,
  operator,
  own,
}) => {
  const { get, close } = await backend();
  try {
    const config = await discover("openid-client");
    // The user, without anybody behind.
    const asked = await request(config);
    await page.goto(asked.url.href);
    await hostedSignIn(page, GUS);
    const ordinary = await client.authorizationCodeGrant(config, await returned(page, "openid-client"), asked.checks);
    const known = await (await get("/me", ordinary.access_token)).json();
    expect(known).toMatchObject({ sub: ordinary.claims()!.sub, email: GUS.email, tenantId: "client-works" });
    expect(known.act).toBeUndefined();

    const reason = unique("Backend");
    const { tokens } = await impersonated(config, operator, GUS, "Openid Client", reason);
    const { sub } = tokens.claims()!;
    // Of an ordinary application, and of one with the SDK in the browser.
    const tab = await operator.impersonate(GUS, "React Hosted", unique("Backend of React"));
    for (const token of [tokens.access_token, (await signedIn(tab)).accessToken]) {
      const answer = await get("/me", token);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ id: sub, sub, tenantId: "client-works", act: { sub: operator.id } });
    }
    expect((await get("/admins", tokens.access_token)).status).toBe(200);
    expect((await get("/nobody", tokens.access_token)).status).toBe(403);

    const [head, body, signature] = tokens.access_token.split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString());
    delete claims.act;
    const tampered = [head, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
    expect((await get("/me", tampered)).status).toBe(401);
    const unsigned = [Buffer.from('{"alg":"none"}').toString("base64url"), body, ""].join(".");
    expect((await get("/me", unsigned)).status).toBe(401);

    // A check of the signature alone cannot see the end before the token's own; who asks, does.
    expect((await get("/careful", tokens.access_token)).status).toBe(200);
    await own.revokes(GUS, reason);
    expect((await get("/me", tokens.access_token)).status).toBe(200);
    expect((await get("/careful", tokens.access_token)).status).toBe(401);
    expect((await get("/careful", ordinary.access_token)).status).toBe(200);
  } finally {
    close();
  }
});
