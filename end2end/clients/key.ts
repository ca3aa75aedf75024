// The key pair with which a client without a secret proves itself. Made anew for every run.
import { generateKeyPairSync } from "node:crypto";

export const KEY_ID = "clients-proof";

export function generateKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const described = { kid: KEY_ID, alg: "ES256", use: "sig" };
  return {
    publicKeys: JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), ...described }] }),
    privateKey: privateKey.export({ format: "jwk" }),
  };
}
