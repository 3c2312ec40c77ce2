/**
 * Private keys in the formats of other tools: PKCS#8, PKCS#1 and SEC1 in PEM, also encrypted by OpenSSL; keys of
 * `cosign generate-key-pair`; key files of securesystemslib; PEM in an armored age file.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { SignerError } from "../errors.ts";
import { passphraseTriesMax } from "../limits.ts";
import type { SignerContext } from "../context.ts";
import type { Unlock } from "./unlock.ts";
import { findCosignKey } from "./cosign-key.ts";
import { pemOfJson } from "./key-json.ts";
import { findSecuresystemslibKey } from "./securesystemslib-key.ts";

/** @param of what the text was read from, for messages */
export async function importPrivateKey(
  text: string,
  { of, context }: { readonly of: string; readonly context: SignerContext },
): Promise<KeyObject> {
  const unlock = isAge(text) ? unlockAge(text, of, context.openAge) : findUnlock(text, of);
  if (unlock === undefined) return importKey(text, of);
  let last: string | undefined;
  for (let refused = 0; refused < passphraseTriesMax; refused++) {
    const passphrase = await context.secret?.({ secret: "passphrase", of, refused });
    if (passphrase === undefined || passphrase === last) break;
    const key = await unlock(passphrase);
    if (key !== undefined) return key;
    last = passphrase;
  }
  if (last !== undefined) throw new SignerError("SIGNER_PASSPHRASE_WRONG", `wrong passphrase for ${of}`);
  throw new SignerError("SIGNER_PASSPHRASE_MISSING", `${of} is encrypted and no passphrase was given`);
}

/** Whether a passphrase is needed to open the text. */
export function isEncryptedKey(text: string): boolean {
  return isAge(text) || findUnlock(text, "the key") !== undefined;
}

function isAge(text: string): boolean {
  return text.trimStart().startsWith("-----BEGIN AGE ENCRYPTED FILE-----");
}

function findUnlock(text: string, of: string): Unlock | undefined {
  if (text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.includes("Proc-Type: 4,ENCRYPTED")) {
    return (passphrase) => Promise.resolve(openPem(text, passphrase));
  }
  return findCosignKey(text, of) ?? findSecuresystemslibKey(text, of);
}

function openPem(text: string, passphrase: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: text, passphrase });
  } catch {
    return undefined;
  }
}

/** PEM, or the JSON of an unencrypted ed25519 key of securesystemslib. */
function importKey(text: string, of: string): KeyObject {
  try {
    return createPrivateKey(text.trimStart().startsWith("{") ? pemOfJson(text) : text);
  } catch (cause) {
    throw new SignerError("SIGNER_KEY_INVALID", `${of} has no private key in a format that can be read`, { cause });
  }
}

function unlockAge(text: string, of: string, open: SignerContext["openAge"]): Unlock {
  if (open === undefined) {
    throw new SignerError("SIGNER_KEY_INVALID", `${of} is an age file, which cannot be opened here`);
  }
  return async (passphrase) => {
    try {
      return await open(text, { path: of, passphrase: () => Promise.resolve(passphrase) });
    } catch (error) {
      if (error instanceof Error && "code" in error && /PASSPHRASE_WRONG$/.test(String(error.code))) return undefined;
      throw error;
    }
  };
}
