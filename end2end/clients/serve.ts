// A static server for one application: every path is its one page, as with any single-page application.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { bundleOf } from "./bundle";

export interface Served {
  client: string;
  origin: string;
  close(): Promise<void>;
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
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${client}</title><link rel="icon" href="data:,"></head>
<body><div id="app"></div><script>window.CONFIGURATION = ${JSON.stringify(configuration)};</script>${script ? '<script src="/bundle.js"></script>' : ""}</body>
</html>`;
  const server = createServer((request, response) => {
    if (script && request.url === "/bundle.js") {
      response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(script);
    } else {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
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
