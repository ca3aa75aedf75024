// Before the first test: bundles the browser applications, serves each at an origin of its own, and registers them all
// with the provider, by the import that everybody uses.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { bundle } from "./bundle";
import { generateKey } from "./key";
import { serve, type Served } from "./serve";

const HERE = import.meta.dirname ?? __dirname;

/** The value of a variable that `cargo xtask test` sets. */
function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the clients with \`cargo xtask test --only clients\``);
  return value;
}

export default async function setup() {
  const portal = required("PORTAL_URL");
  const work = required("CLIENTS_WORK");
  mkdirSync(work, { recursive: true });
  const bundles = await bundle(path.join(work, "bundles"));
  const { publicKeys, privateKey } = generateKey();

  const applications = readFileSync(path.join(HERE, "data/applications.csv"), "utf8");
  const clients = applications.split("\n").slice(1).filter(Boolean).map((line) => line.split(",")[0]);
  const servers: Served[] = [];
  for (const client of clients) servers.push(await serve(client, portal, bundles));

  const origins = Object.fromEntries(servers.map((server) => [server.client, server.origin]));
  const filled = applications
    .replace("{jwks}", `"${publicKeys.replaceAll('"', '""')}"`)
    .replaceAll(/\{([a-z0-9-]+)\}/g, (_, client) => origins[client]);
  writeFileSync(path.join(work, "applications.csv"), filled);
  const files = [path.join(work, "applications.csv"), ...["accounts", "users"].map((kind) => path.join(HERE, `data/${kind}.csv`))];
  execFileSync(required("UNDERSTUDY"), ["import", "--environment", "production", "--data", required("PORTAL_DATA"), ...files], {
    stdio: ["ignore", "ignore", "inherit"],
  });

  // Workers are started later and inherit these.
  process.env.CLIENT_ORIGINS = JSON.stringify(origins);
  process.env.CLIENT_KEY = JSON.stringify(privateKey);
  return () => Promise.all(servers.map((server) => server.close()));
}
