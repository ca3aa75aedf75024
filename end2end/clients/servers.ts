// Servers of the clients' own: a port for each, and its first answer.
import { createServer, type AddressInfo } from "node:net";

import { required } from "./register";

// Not the provider's host name: cookies ignore ports.
export const HOST = "127.0.0.1";

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, HOST, ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Waits for the first answer, whatever it is. */
export async function answers(origin: string) {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      return await fetch(`${origin}/favicon.ico`, { redirect: "manual" });
    } catch {
      await new Promise((wait) => setTimeout(wait, 100));
    }
  }
  throw new Error(`nothing answers at ${origin}; its log is in ${required("CLIENTS_WORK")}`);
}
