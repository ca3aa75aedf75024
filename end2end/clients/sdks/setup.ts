// Before the first test: builds and starts the Next.js applications and the Python one, and registers them all.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, openSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";

import { clientsOf, register, required } from "../register";
import { answers, freePort, HOST } from "../servers";

const HERE = import.meta.dirname ?? __dirname;
const DATA = path.join(HERE, "data");

/** The Next.js application of one version of the SDK, built in a folder of its own: its code is the same in all. */
function nextFolder(version: string): string {
  const folder = path.join(required("CLIENTS_WORK"), version);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(HERE, "next"), folder, { recursive: true });
  cpSync(path.join(HERE, version, "package.json"), path.join(folder, "package.json"));
  symlinkSync(path.join(HERE, version, "node_modules"), path.join(folder, "node_modules"));
  return folder;
}

function nextEnvironment(client: string, origin: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_ENV: "production",
    NEXT_TELEMETRY_DISABLED: "1",
    NEXT_PUBLIC_CDN_URL: `${required("PORTAL_URL")}/admin-box`,
    // Read when the old release is built; only the newest has an embedded application.
    NEXT_PUBLIC_HOSTED: String(client === "next-8-hosted"),
    FRONTEGG_BASE_URL: `${required("PORTAL_URL")}/id/production`,
    FRONTEGG_CLIENT_ID: client,
    FRONTEGG_APP_URL: origin,
    FRONTEGG_HOSTED_LOGIN: String(client.endsWith("-hosted")),
    FRONTEGG_COOKIE_NAME: "fe_session",
    FRONTEGG_ENCRYPTION_PASSWORD: randomBytes(32).toString("hex"),
  };
}

export default async function setup() {
  const work = required("CLIENTS_WORK");
  mkdirSync(work, { recursive: true });
  const origins: Record<string, string> = {};
  for (const client of clientsOf(DATA)) origins[client] = `http://${HOST}:${await freePort()}`;
  register(DATA, origins);

  const servers: ChildProcess[] = [];
  const start = (name: string, program: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) => {
    const log = openSync(path.join(work, `${name}.log`), "w");
    servers.push(spawn(program, args, { ...options, stdio: ["ignore", log, log] }));
  };
  for (const [version, clients] of [["next-8", ["next-8-hosted"]], ["next-9", ["next-9-hosted", "next-9-embedded"]]] as const) {
    const cwd = nextFolder(version);
    const next = path.join(cwd, "node_modules/next/dist/bin/next");
    const built = nextEnvironment(clients[0], origins[clients[0]]);
    execFileSync(process.execPath, [next, "build"], { cwd, env: built, stdio: ["ignore", "ignore", "inherit"] });
    for (const client of clients) {
      const { port } = new URL(origins[client]);
      const env = nextEnvironment(client, origins[client]);
      start(client, process.execPath, [next, "start", "--hostname", HOST, "--port", port], { cwd, env });
    }
  }
  const python = new URL(origins["python-caller"]);
  start("python", required("CLIENTS_PYTHON"), [path.join(HERE, "python/app.py"), python.port], {
    cwd: work,
    env: {
      ...process.env,
      FRONTEGG_API_GATEWAY_URL: `${required("PORTAL_URL")}/id/production`,
      FRONTEGG_CLIENT_ID: "python-caller",
      FRONTEGG_API_KEY: "ucs_bdLvffHQsrRSAL7HDrxsNsqLM414e_qHZ38UDkwKry8J4AB",
    },
  });
  process.env.CLIENT_ORIGINS = JSON.stringify(origins);
  const stop = () => servers.forEach((server) => server.kill());
  try {
    await Promise.all(Object.values(origins).map(answers));
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
