/** The private key of `cosign generate-key-pair`: PKCS#8 in nacl's secretbox, under a key made by scrypt, as JSON in PEM. */
import { createPrivateKey, scryptSync } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { SignerError } from "../errors.ts";
import { scryptMaxBytes } from "../limits.ts";
import type { Unlock } from "./unlock.ts";

const armor = /^-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END /;

interface Box {
  readonly kdf: {
    readonly name: string;
    readonly params: Readonly<Record<"N" | "r" | "p", number>>;
    readonly salt: string;
  };
  readonly cipher: { readonly name: string; readonly nonce: string };
  readonly ciphertext: string;
}

/** @throws SignerError SIGNER_KEY_INVALID if the box is damaged or asks for more memory than is allowed */
export function findCosignKey(text: string, of: string): Unlock | undefined {
  const [, base64] = armor.exec(text.trimStart()) ?? [];
  if (base64 === undefined) return undefined;
  const { kdf, cipher, ciphertext } = parseBox(base64, of);
  const { N, r, p } = kdf.params;
  return async (passphrase) => {
    const key = scryptSync(passphrase, Buffer.from(kdf.salt, "base64"), 32, { N, r, p, maxmem: scryptMaxBytes });
    const der = openBox(key, cipher.nonce, ciphertext);
    if (der === undefined) return undefined;
    return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  };
}

function parseBox(base64: string, of: string): Box {
  try {
    const box = JSON.parse(Buffer.from(base64, "base64").toString("utf8")) as Box;
    const { N, r, p } = box.kdf.params;
    const isKnown = box.kdf.name === "scrypt" && box.cipher.name === "nacl/secretbox";
    const isBounded = [N, r, p].every(Number.isSafeInteger) && 128 * N * r < scryptMaxBytes && p >= 1 && p <= 4;
    if (isKnown && isBounded && Buffer.from(box.cipher.nonce, "base64").length === 24) return box;
  } catch {
    // Said below.
  }
  throw new SignerError("SIGNER_KEY_INVALID", `${of} is no key of cosign that can be opened`);
}

function openBox(key: Uint8Array, nonce: string, ciphertext: string): Uint8Array | undefined {
  try {
    return xsalsa20poly1305(key, Buffer.from(nonce, "base64")).decrypt(Buffer.from(ciphertext, "base64"));
  } catch {
    return undefined;
  }
}
