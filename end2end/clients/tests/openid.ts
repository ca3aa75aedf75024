// How the tests use openid-client, the Node client that is certified for OpenID Connect.
import type { Page } from "@playwright/test";
import * as client from "openid-client";

import { ISSUER, origin } from "./support";

export { client };

const SECRETS: Record<string, string> = {
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
