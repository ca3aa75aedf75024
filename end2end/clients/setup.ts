// Before the first test: bundles the browser applications, serves each at an origin of its own, and registers them all.
import path from "node:path";

import { bundle } from "./bundle";
import { generateKey } from "./key";
import { clientsOf, register, required } from "./register";
import { serve, type Served } from "./serve";

const DATA = path.join(import.meta.dirname ?? __dirname, "data");

export default async function setup() {
  const bundles = await bundle(path.join(required("CLIENTS_WORK"), "bundles"));
  const servers: Served[] = [];
  for (const client of clientsOf(DATA)) servers.push(await serve(client, required("PORTAL_URL"), bundles));
  const origins = Object.fromEntries(servers.map((server) => [server.client, server.origin]));
  const { publicKeys, privateKey } = generateKey();
  register(DATA, { ...origins, jwks: `"${publicKeys.replaceAll('"', '""')}"` });

  // Workers are started later and inherit these.
  process.env.CLIENT_ORIGINS = JSON.stringify(origins);
  process.env.CLIENT_KEY = JSON.stringify(privateKey);
  return () => Promise.all(servers.map((server) => server.close()));
}
