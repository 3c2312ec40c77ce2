import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { createSigner } from "@dtuf/tuf";
import type { Signer } from "@dtuf/tuf";

export type TestKeyType = "ed25519" | "ecdsa-p256" | "ecdsa-p384" | "rsa" | "ml-dsa-44" | "ml-dsa-65" | "ml-dsa-87";

/** Makes a new private key. Tests use ed25519 unless the type matters, because generating RSA keys is slow. */
export function createPrivateKey(type: TestKeyType = "ed25519"): KeyObject {
  switch (type) {
    case "ed25519":
      return generateKeyPairSync("ed25519").privateKey;
    case "ecdsa-p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    case "ecdsa-p384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
    case "rsa":
      return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    case "ml-dsa-44":
    case "ml-dsa-65":
    case "ml-dsa-87":
      return generateKeyPairSync(type as "ml-dsa-44").privateKey;
  }
}

export function createTestSigner(type: TestKeyType = "ed25519"): Signer {
  return createSigner(createPrivateKey(type));
}

export function publicPem(key: KeyObject): string {
  return String(createPublicKey(key).export({ format: "pem", type: "spki" }));
}
