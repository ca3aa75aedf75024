// Before the first test: takes each application out of its page in docs/clients, starts it, and registers them all.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { clientsOf, register, required } from "../register";
import { answers, freePort, HOST } from "../servers";

const HERE = import.meta.dirname ?? __dirname;
const DATA = path.join(HERE, "data");
const DOCS = path.join(HERE, "../../../docs/clients");
/** Of the demonstration data: every application here has it. */
const SECRET = "ucs_bdLvffHQsrRSAL7HDrxsNsqLM414e_qHZ38UDkwKry8J4AB";

/** What runs each page's application, by the language of its code. */
const PROGRAMS: Record<string, { file: string; command: (folder: string) => [string, string[]] }> = {
  python: { file: "app.py", command: () => [required("RECIPES_PYTHON"), ["app.py"]] },
  js: { file: "app.mjs", command: () => [process.execPath, ["app.mjs"]] },
  ruby: { file: "app.rb", command: () => ["ruby", ["app.rb"]] },
  apache: { file: "openidc.conf", command: (folder) => ["apache2", ["-X", "-d", folder, "-f", path.join(folder, "apache2.conf")]] },
};

/** The first block of code on a client's page that is in a language which runs. */
function recipe(client: string): { language: string; code: string } {
  const page = readFileSync(path.join(DOCS, `${client}.md`), "utf8");
  for (const [, language, code] of page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)) if (language in PROGRAMS) return { language, code };
  throw new Error(`docs/clients/${client}.md has no application`);
}

/** What Debian's configuration of Apache does besides, for one module and one port, with a page that shows who is signed in. */
function apache(folder: string, port: number) {
  mkdirSync(path.join(folder, "site/protected"), { recursive: true });
  const page = `<!--#if expr="-n reqenv('OIDC_CLAIM_act')" --><p>Impersonated by <!--#echo var="OIDC_CLAIM_act" --></p><!--#endif -->
<h1><!--#echo var="OIDC_CLAIM_email" --></h1>`;
  writeFileSync(path.join(folder, "site/protected/index.shtml"), page);
  writeFileSync(path.join(folder, "site/index.shtml"), '<h1>Signed out</h1><a href="/protected/">Sign in</a>');
  const modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "dir", "env", "include", "mime"];
  const lines = [
    ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    `Listen ${HOST}:${port}`,
    `ServerName ${HOST}`,
    "User www-data",
    "Group www-data",
    `PidFile ${folder}/apache.pid`,
    `DefaultRuntimeDir ${folder}`,
    "TypesConfig /dev/null",
    `ErrorLog ${folder}/error.log`,
    `DocumentRoot ${folder}/site`,
    "DirectoryIndex index.shtml",
    "AddType text/html .shtml",
    "AddOutputFilter INCLUDES .shtml",
    `<Directory ${folder}/site>`,
    "  Options +Includes",
    "  Require all granted",
    "</Directory>",
    `Include ${folder}/openidc.conf`,
  ];
  writeFileSync(path.join(folder, "apache2.conf"), `${lines.join("\n")}\n`);
}

export default async function setup() {
  const work = required("CLIENTS_WORK");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const origins: Record<string, string> = {};
  for (const client of clientsOf(DATA)) origins[client] = `http://${HOST}:${await freePort()}`;
  register(DATA, origins);

  const servers: ChildProcess[] = [];
  for (const [client, origin] of Object.entries(origins)) {
    const { language, code } = recipe(client);
    const { file, command } = PROGRAMS[language];
    // Apache's workers are another user: under the system's own folder they can read it wherever the checkout lies.
    const folder = language === "apache" ? execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim() : path.join(work, client);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, file), code);
    if (language === "js") symlinkSync(path.join(HERE, "node_modules"), path.join(folder, "node_modules"));
    const { port } = new URL(origin);
    if (language === "apache") {
      apache(folder, Number(port));
      execFileSync("chmod", ["-R", "a+rX", folder]);
    }
    const log = openSync(path.join(work, `${client}.log`), "w");
    const [program, args] = command(folder);
    const env = {
      ...process.env,
      ISSUER: `${required("PORTAL_URL")}/id/production`,
      CLIENT_ID: client,
      CLIENT_SECRET: SECRET,
      APP_URL: origin,
      PORT: port,
      SECRET_KEY: randomBytes(48).toString("hex"),
      DATABASE: path.join(folder, "app.sqlite"),
      RENEW_AFTER: "1",
    };
    servers.push(spawn(program, args, { cwd: folder, env, stdio: ["ignore", log, log] }));
  }
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
