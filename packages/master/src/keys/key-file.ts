/**
 * A private key at rest: PKCS#8 in PEM; with a passphrase, that PEM inside an armored age file, which the `age` program
 * opens too. Encrypted PEM files of other tools (Python dtuf's among them) are read as well, but never written.
 */
import { createPrivateKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { KeyType } from "../options.ts";
import { MasterError } from "../errors.ts";
import { createScryptIdentity, createScryptRecipient, type ScryptRefusal } from "./scrypt-stanza.ts";

const generate = promisify(generateKeyPair);

/** Makes a new private key. @throws TypeError for an unknown type */
export async function generatePrivateKey(keyType: KeyType): Promise<KeyObject> {
  switch (keyType) {
    case "ed25519":
      return (await generate("ed25519")).privateKey;
    case "ecdsa-p256":
      return (await generate("ec", { namedCurve: "P-256" })).privateKey;
    case "ecdsa-p384":
      return (await generate("ec", { namedCurve: "P-384" })).privateKey;
    case "rsa-3072":
      return (await generate("rsa", { modulusLength: 3072 })).privateKey;
    case "rsa-4096":
      return (await generate("rsa", { modulusLength: 4096 })).privateKey;
    case "ml-dsa-44":
    case "ml-dsa-65":
    case "ml-dsa-87":
      return (await generate(keyType as "ml-dsa-44")).privateKey;
    default:
      throw new TypeError(`no such key type: ${String(keyType)}`);
  }
}

/** @param passphrase undefined or "" leaves the key unencrypted */
export async function encodePrivateKey(key: KeyObject, passphrase: string | undefined): Promise<string> {
  const pem = key.export({ format: "pem", type: "pkcs8" });
  if (passphrase === undefined || passphrase === "") return String(pem);
  // Loading this module takes a tenth of a second, so it is loaded only if there is a passphrase.
  const { armor, Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.addRecipient(createScryptRecipient(passphrase));
  return armor.encode(await encrypter.encrypt(String(pem)));
}

export interface UnlockOptions {
  /** For messages. */
  readonly path: string;
  /** Called only if the file is encrypted. */
  readonly passphrase: () => Promise<string | undefined>;
}

/** @throws MasterError MASTER_KEY_INVALID, MASTER_PASSPHRASE_WRONG, MASTER_PASSPHRASE_MISSING */
export async function parsePrivateKey(text: string, options: UnlockOptions): Promise<KeyObject> {
  if (text.trimStart().startsWith("-----BEGIN AGE ENCRYPTED FILE-----")) return openAge(text, options);
  const encrypted = text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.includes("Proc-Type: 4,ENCRYPTED");
  if (!encrypted) return importPem(text, options.path);
  const passphrase = await askPassphrase(options);
  try {
    return createPrivateKey({ key: text, passphrase });
  } catch (cause) {
    throw wrongPassphrase(options.path, cause);
  }
}

async function openAge(text: string, options: UnlockOptions): Promise<KeyObject> {
  const { path } = options;
  const passphrase = await askPassphrase(options);
  const { armor, Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  decrypter.addIdentity(createScryptIdentity(passphrase, (why) => refusal(why, path)));
  let pem: string;
  try {
    pem = await decrypter.decrypt(armor.decode(text), "text");
  } catch (cause) {
    if (MasterError.is(cause)) throw cause;
    throw new MasterError("MASTER_KEY_INVALID", `${path} is a damaged age file`, { details: { path }, cause });
  }
  return importPem(pem, path);
}

async function askPassphrase({ passphrase, path }: UnlockOptions): Promise<string> {
  const given = await passphrase();
  if (given !== undefined && given !== "") return given;
  throw new MasterError("MASTER_PASSPHRASE_MISSING", `${path} is encrypted and no passphrase was given`, {
    details: { path },
  });
}

function importPem(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new MasterError("MASTER_KEY_INVALID", `${path} does not contain a private key in PEM`, {
      details: { path },
      cause,
    });
  }
}

function refusal(why: ScryptRefusal, path: string): MasterError {
  if (why === "wrong-passphrase") return wrongPassphrase(path);
  return new MasterError("MASTER_KEY_INVALID", `${path} is an age file that cannot be opened: ${why}`, {
    details: { path, why },
  });
}

function wrongPassphrase(path: string, cause?: unknown): MasterError {
  return new MasterError("MASTER_PASSPHRASE_WRONG", `wrong passphrase for ${path}`, { details: { path }, cause });
}
