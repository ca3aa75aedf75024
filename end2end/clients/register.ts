// Registers applications, accounts and users with the provider, by the import that everybody uses.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The value of a variable that `cargo xtask test` sets. */
export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the clients with \`cargo xtask test --only clients\``);
  return value;
}

/** The client ids in a folder's `applications.csv`. */
export function clientsOf(folder: string): string[] {
  const lines = readFileSync(path.join(folder, "applications.csv"), "utf8").split("\n");
  return lines.slice(1).filter(Boolean).map((line) => line.split(",")[0]);
}

/** Imports the files of a folder; `{name}` in the applications stands for a value, most often an origin. */
export function register(folder: string, values: Record<string, string>) {
  const work = required("CLIENTS_WORK");
  mkdirSync(work, { recursive: true });
  const filled = readFileSync(path.join(folder, "applications.csv"), "utf8").replaceAll(/\{([a-z0-9-]+)\}/g, (_, name) => {
    if (!(name in values)) throw new Error(`nothing to put in place of {${name}}`);
    return values[name];
  });
  const applications = path.join(work, "applications.csv");
  writeFileSync(applications, filled);
  const files = [applications, ...["accounts", "users"].map((kind) => path.join(folder, `${kind}.csv`))];
  execFileSync(required("UNDERSTUDY"), ["import", "--environment", "production", "--data", required("PORTAL_DATA"), ...files], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}
