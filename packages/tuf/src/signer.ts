import type { KeyObject } from "node:crypto";
import { constants, createPublicKey, sign } from "node:crypto";
import { promisify } from "node:util";
import { TufError } from "./errors.ts";
import type { Key } from "./key.ts";
import { keyFromPem, keyIdOf } from "./key.ts";
import { mlDsaKeyType, mlDsaMessage } from "./ml-dsa.ts";
import type { KeyId } from "./names.ts";

/** A private key in memory, in a token or in a cloud that can sign. */
export interface Signer {
  readonly key: Key;
  /** The id under which documents list the key. */
  readonly keyId: KeyId;
  sign(payload: Uint8Array): Promise<Uint8Array>;
}

const signWith = promisify(sign);

/**
 * Signs with a private key in memory: ed25519; ECDSA P-256 and P-384 (DER signatures); RSA (PSS, salt as long as the digest);
 * ML-DSA-44, -65 and -87 (TAP 21).
 * `keyId` is needed if documents list the key under another id than that of `keyIdOf`.
 * @throws TufError TUF_KEY_INVALID for any other key
 */
export function createSigner(privateKey: KeyObject, options: { readonly keyId?: KeyId | undefined } = {}): Signer {
  if (privateKey.type !== "private") throw new TufError("TUF_KEY_INVALID", `a ${privateKey.type} key cannot sign`);
  const key = keyFromPem(createPublicKey(privateKey).export({ format: "pem", type: "spki" }).toString());
  const digest = digestOf(key);
  const input = {
    key: privateKey,
    ...(key.keyType === "rsa" && {
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }),
  };
  const message = key.keyType === mlDsaKeyType ? mlDsaMessage : (payload: Uint8Array): Uint8Array => payload;
  return { key, keyId: options.keyId ?? keyIdOf(key), sign: (payload) => signWith(digest, message(payload), input) };
}

function digestOf(key: Key): string | null {
  if (key.keyType === "ed25519" || key.keyType === mlDsaKeyType) return null;
  return key.scheme === "ecdsa-sha2-nistp384" ? "sha384" : "sha256";
}
