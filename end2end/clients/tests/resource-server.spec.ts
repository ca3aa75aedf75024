// docs/resource-server.md in an API of our own: its TypeScript word for word, with our issuer and client for its examples.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { build } from "esbuild";

import { required } from "../register";
import { expect, hostedSignIn, ISSUER, test, unique, user } from "./support";
import { client, discover, impersonated, request, returned, SECRETS } from "./openid";

const HERE = import.meta.dirname ?? __dirname;
const GUS = user("Gus", "Backend");

interface Guide {
  authenticate(authorization: string | undefined): Promise<Record<string, any>>;
  introspect(token: string): Promise<Record<string, any> | null>;
}

/** The guide as the API of the application `id` has it. */
async function guide(id: string): Promise<Guide> {
  const text = readFileSync(path.join(HERE, "../../../docs/resource-server.md"), "utf8");
  const blocks = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code);
  expect(blocks).toHaveLength(2);
  const contents = blocks.join("\n").replaceAll("https://understudy.example.com/id/production", ISSUER).replaceAll("northwind-console", id);
  const folder = path.join(required("CLIENTS_WORK"), "guide");
  mkdirSync(folder, { recursive: true });
  const outfile = path.join(folder, `${id}.mjs`);
  const stdin = { contents, loader: "ts", resolveDir: HERE } as const;
  await build({ stdin, outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  process.env.CLIENT_SECRET = SECRETS[id];
  return import(pathToFileURL(outfile).href);
}

test("the guide for resource servers: its code takes what is good, refuses the rest, and notices an end when it asks", async ({ page, operator, own }) => {
  const { authenticate, introspect } = await guide("openid-client");
  const config = await discover("openid-client");
  const asked = await request(config);
  await page.goto(asked.url.href);
  await hostedSignIn(page, GUS);
  const ordinary = await client.authorizationCodeGrant(config, await returned(page, "openid-client"), asked.checks);
  const { sub } = ordinary.claims()!;
  const known = await authenticate(`Bearer ${ordinary.access_token}`);
  expect(known).toMatchObject({ sub, tenantId: "client-works", type: "userToken", roles: ["admin"] });
  expect(known.act).toBeUndefined();
  expect(await introspect(ordinary.access_token)).toMatchObject({ active: true, sub });

  const reason = unique("Resource server");
  const { tokens } = await impersonated(config, operator, GUS, "Openid Client", reason);
  expect(await authenticate(`Bearer ${tokens.access_token}`)).toMatchObject({ sub, act: { sub: operator.id } });
  expect(await introspect(tokens.access_token)).toMatchObject({ sub, act: { sub: operator.id } });

  // Another audience: the same token at the API of another application, which would be fooled by the signature alone.
  const other = await guide("openid-client-embedded");
  await expect(other.authenticate(`Bearer ${tokens.access_token}`)).rejects.toMatchObject({ code: "ERR_JWT_CLAIM_VALIDATION_FAILED", claim: "aud" });
  expect(await other.introspect(tokens.access_token)).toBeNull();
  // Another kind of token, another content, and none.
  await expect(authenticate(`Bearer ${tokens.id_token}`)).rejects.toMatchObject({ claim: "typ" });
  const machine = await client.clientCredentialsGrant(config);
  await expect(authenticate(`Bearer ${machine.access_token}`)).rejects.toThrow();
  expect(await introspect(machine.access_token)).toBeNull();
  const [head, body, signature] = tokens.access_token.split(".");
  const { act: _, ...claims } = JSON.parse(Buffer.from(body, "base64url").toString());
  const tampered = [head, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
  await expect(authenticate(`Bearer ${tampered}`)).rejects.toMatchObject({ code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
  await expect(authenticate(undefined)).rejects.toThrow("no access token");

  await own.revokes(GUS, reason);
  expect(await introspect(tokens.access_token)).toBeNull();
  expect(await authenticate(`Bearer ${tokens.access_token}`)).toMatchObject({ sub });
});
