// A static server for one application: every path is its one page, as with any single-page application.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { bundleOf } from "./bundle";

export interface Served {
  client: string;
  origin: string;
  close(): Promise<void>;
}

/**
 * What docs/frontegg-sdk.md says a page with the login box has to allow, and beyond that only itself: a browser that sees
 * anything else complains, and the test fails. Vue and Angular compile the templates of these applications in the browser,
 * and may bring styles; that is theirs and not the box's.
 */
function policy(bundle: string, portal: string, inline: string): string {
  const own = `'self' 'sha256-${createHash("sha256").update(inline).digest("base64")}'`;
  const compiles = /^(vue|angular)/.test(bundle);
  const rules = [
    "default-src 'none'",
    `script-src ${own} ${portal}${compiles ? " 'unsafe-eval'" : ""}`,
    `connect-src ${portal}`,
    "img-src data:",
    ...(compiles ? ["style-src 'unsafe-inline'"] : []),
  ];
  return rules.join("; ");
}

/** Serves the application of `client`, whose id says which bundle it is made of. Clients without one get an empty page. */
export async function serve(client: string, portal: string, bundles: Map<string, string>): Promise<Served> {
  const name = bundleOf(client);
  const script = name && readFileSync(bundles.get(name)!);
  const configuration = {
    clientId: client,
    issuer: `${portal}/id/production`,
    cdnUrl: `${portal}/admin-box`,
    hosted: !client.endsWith("-embedded"),
    keepSessionAlive: !client.endsWith("-short"),
  };
  const inline = `window.CONFIGURATION = ${JSON.stringify(configuration)};`;
  // Ordinary OpenID Connect clients have no login box.
  const boxed = name && name !== "oidc-client-ts";
  const headers = {
    "content-type": "text/html; charset=utf-8",
    ...(boxed ? { "content-security-policy": policy(name, portal, inline) } : {}),
  };
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${client}</title><link rel="icon" href="data:,"></head>
<body><div id="app"></div><script>${inline}</script>${script ? '<script src="/bundle.js"></script>' : ""}</body>
</html>`;
  const server = createServer((request, response) => {
    if (script && request.url === "/bundle.js") {
      response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(script);
    } else {
      response.writeHead(200, headers).end(page);
    }
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    client,
    origin: `http://localhost:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}
