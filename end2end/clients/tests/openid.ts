// How the tests use openid-client, the Node client that is certified for OpenID Connect.
import type { Page } from "@playwright/test";
import * as client from "openid-client";

import { ISSUER, origin, type Operator, type User } from "./support";

export { client };

export const SECRETS: Record<string, string> = {
  "python-caller": "ucs_bdLvffHQsrRSAL7HDrxsNsqLM414e_qHZ38UDkwKry8J4AB",
  "openid-client": "ucs_bdLvffHQsrRSAL7HDrxsNsqLM414e_qHZ38UDkwKry8J4AB",
  "openid-client-embedded": "ucs_EE1hGHhNLBwLLkdlsy_gPCI2u2HTSaPgUElupjEL-98N_Ou",
};

/** Discovers the provider. Every id token's signature is checked, though it came over a connection of our own. */
export async function discover(id: string, authentication?: client.ClientAuth): Promise<client.Configuration> {
  const metadata = authentication ? { id_token_signed_response_alg: id === "openid-client-key" ? "ES256" : "RS256" } : SECRETS[id];
  return client.discovery(new URL(ISSUER), id, metadata, authentication, {
    // Plain http, on this machine only.
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });
}

/** One authorization request: what is sent, and what the answer has to match. */
export interface Request {
  url: URL;
  checks: { pkceCodeVerifier: string; expectedState: string; expectedNonce: string; idTokenExpected: true };
}

export async function request(config: client.Configuration, parameters: Record<string, string> = {}): Promise<Request> {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: `${origin(config.clientMetadata().client_id)}/callback`,
    scope: "openid profile email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    ...parameters,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

/** Waits until the browser is back at the application, and gives the address. */
export async function returned(page: Page, id: string): Promise<URL> {
  await page.waitForURL((url) => url.href.startsWith(`${origin(id)}/callback`));
  return new URL(page.url());
}

/** Impersonates in the portal and signs in with what its new tab brings (OpenID Connect Core, section 4). */
export async function impersonated(config: client.Configuration, operator: Operator, target: User, name: string, reason: string) {
  const id = config.clientMetadata().client_id;
  const tab = await operator.impersonate(target, name, reason);
  await tab.waitForURL((url) => url.href.startsWith(`${origin(id)}/login`));
  const initiated = new URL(tab.url()).searchParams;
  const login_hint = initiated.get("login_hint")!;
  const asked = await request(config, { login_hint });
  await tab.goto(asked.url.href);
  const tokens = await client.authorizationCodeGrant(config, await returned(tab, id), asked.checks);
  return { tab, initiated, login_hint, tokens };
}
