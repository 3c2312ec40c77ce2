/**
 * The scrypt stanza of age (age-encryption.org/v1, "The scrypt recipient type") with the key derived by Node's own
 * scrypt, which takes a fifth of the time of the library's and has a memory limit. The library does the rest of the
 * format.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import type { Identity, Recipient } from "age-encryption";

/** Work factor of files that are written here: 128 MiB of memory and half a second for each guess. */
const workFactor = 17;
/** Largest work factor of files that are opened: 1 GiB of memory. (The `age` program stops at 22, which is 4 GiB.) */
const workFactorMax = 20;

const blockSize = 8;
const saltBytes = 16;
const fileKeyBytes = 16;
const tagBytes = 16;

export function createScryptRecipient(passphrase: string): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(saltBytes);
      const cipher = createCipheriv("chacha20-poly1305", await deriveKey(passphrase, salt, workFactor), zeroNonce, {
        authTagLength: tagBytes,
      });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      const { Stanza } = await import("age-encryption"); // the caller that encrypts has loaded it already
      return [new Stanza(["scrypt", encodeBase64(salt), String(workFactor)], body)];
    },
  };
}

/** Why a file cannot be opened with a passphrase. */
export type ScryptRefusal = "wrong-passphrase" | "not-a-passphrase-file" | "work-factor-too-high" | "malformed";

/** @param refuse creates the error to throw */
export function createScryptIdentity(passphrase: string, refuse: (why: ScryptRefusal) => Error): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const [stanza, ...more] = stanzas;
      const [type, encodedSalt = "", factor = ""] = stanza?.args ?? [];
      // A passphrase stanza must be the only one: otherwise the owner of another key could open the file.
      if (stanza === undefined || type !== "scrypt" || more.length > 0) throw refuse("not-a-passphrase-file");
      const salt = Buffer.from(encodedSalt, "base64");
      if (stanza.args.length !== 3 || salt.length !== saltBytes || encodeBase64(salt) !== encodedSalt) {
        throw refuse("malformed");
      }
      if (!/^[1-9][0-9]?$/.test(factor) || stanza.body.length !== fileKeyBytes + tagBytes) throw refuse("malformed");
      if (Number(factor) > workFactorMax) throw refuse("work-factor-too-high");
      const fileKey = openBody(stanza.body, await deriveKey(passphrase, salt, Number(factor)));
      if (fileKey === undefined) throw refuse("wrong-passphrase");
      return fileKey;
    },
  };
}

function openBody(body: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  const cipher = createDecipheriv("chacha20-poly1305", key, zeroNonce, { authTagLength: tagBytes });
  cipher.setAuthTag(body.subarray(fileKeyBytes));
  const fileKey = cipher.update(body.subarray(0, fileKeyBytes));
  try {
    cipher.final();
  } catch {
    // `final` throws only if the tag does not match, which means another passphrase.
    return undefined;
  }
  return new Uint8Array(fileKey);
}

const zeroNonce = new Uint8Array(12);

function deriveKey(passphrase: string, salt: Uint8Array, factor: number): Promise<Uint8Array> {
  const cost = 2 ** factor;
  // 128 bytes x block size for each step of the cost, and the few blocks that OpenSSL adds.
  const maxmem = 128 * blockSize * (cost + 32);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const labelled = Buffer.concat([Buffer.from("age-encryption.org/v1/scrypt"), salt]);
  scrypt(passphrase, labelled, 32, { cost, blockSize, parallelization: 1, maxmem }, (error, key) => {
    if (error === null) resolve(key);
    else reject(error);
  });
  return promise;
}

/** age's base64: without padding. */
function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
