/**
 * The key files of a publisher: `keys/<role>_key` and `.pub`, and previous ones in `keys/previous/`. Creating a key
 * copies the old pair to `keys/previous/` before it is replaced, so that a kill at any moment loses no key. If a kill
 * left a pair whose halves differ, the private key counts, and unlocking it writes the public key again.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  createDirectory,
  fileError,
  findFile,
  isErrno,
  syncDirectory,
  writeFileAtomically,
} from "@dtuf/registry/files";
import { keyFromPem, keyIdOf, keyMaterial, type Key, type TopLevelRole } from "@dtuf/tuf";
import type { CreatedKey } from "../contract/contract.ts";
import type { KeyType, PassphraseProvider } from "../options.ts";
import { MasterError } from "../errors.ts";
import { encodePrivateKey, generatePrivateKey, parsePrivateKey } from "./key-file.ts";
import { keyFileMaxBytes, passphraseTriesMax } from "../limits.ts";

/** A pair on disk. The public key is replaced if the unlocked private key does not match it. */
export interface KeyFile {
  readonly role: TopLevelRole;
  readonly path: string;
  readonly age: "current" | "previous";
}

export interface KeyDirectoryOptions {
  /** The state directory; keys are in its `keys/`. */
  readonly directory: string;
  readonly passphrase?: PassphraseProvider | undefined;
}

export interface KeyDirectory {
  readonly path: string;
  /** Makes the directory if it is not there, for its owner alone. */
  prepare(): Promise<void>;
  create(role: TopLevelRole, keyType: KeyType): Promise<CreatedKey>;
  /** The role's current file first, then the previous ones, the newest first. */
  list(role: TopLevelRole): Promise<readonly KeyFile[]>;
  findPublicKey(file: KeyFile): Promise<Key | undefined>;
  /** @throws MasterError MASTER_PASSPHRASE_WRONG, MASTER_PASSPHRASE_MISSING, MASTER_KEY_INVALID */
  unlock(file: KeyFile): Promise<KeyObject>;
  remove(file: KeyFile): Promise<void>;
}

export function createKeyDirectory({ directory, passphrase }: KeyDirectoryOptions): KeyDirectory {
  const keys = join(directory, "keys");
  const prepare = (): Promise<void> => prepareDirectory(keys);
  return {
    path: keys,
    prepare,
    create: async (role, keyType) => {
      const path = join(keys, `${role}_key`);
      const key = await generatePrivateKey(keyType);
      const text = await encodePrivateKey(key, await passphrase?.({ role, purpose: "create", path, refused: 0 }));
      await prepare();
      const aside = await setAside(keys, role);
      await writeFileAtomically(path, text, { mode: 0o600 });
      const pem = publicPem(key);
      await writeFileAtomically(`${path}.pub`, pem, { mode: 0o644 });
      return { role, path, keyId: keyIdOf(keyFromPem(pem)), ...(aside === undefined ? {} : { setAside: aside }) };
    },
    list: (role) => listFiles(keys, role),
    findPublicKey,
    unlock: (file) => unlock(file, passphrase),
    async remove({ path }) {
      await unlinkIfThere(path);
      await unlinkIfThere(`${path}.pub`);
      await syncDirectory(join(path, ".."));
    },
  };
}

async function prepareDirectory(keys: string): Promise<void> {
  if ((await stat(keys).catch(() => undefined)) !== undefined) return;
  await createDirectory(keys, { mode: 0o700 });
  await writeFileAtomically(join(keys, "README"), explanation, { mode: 0o600 });
}

const explanation = `The keys of one repository of dtuf. A person who has a *_key file and its passphrase can sign as that role.

root_key             signs root.json: which keys count. Needed only for reset-keys: keep it offline, with a backup
targets_key          signs which files are targets: for the machine that publishes
snapshot_key         signs which metadata belongs together: for the machine that publishes
timestamp_key        signs what is the newest: for the machine that publishes, and each that only refreshes
*.pub                the public half of each. Clients can be pinned to root_key.pub
previous/            keys that were replaced, until the change is published

The private halves are PKCS#8 PEM, inside an age file if they have a passphrase. Never commit them to a repository of code.
`;

async function setAside(keys: string, role: TopLevelRole): Promise<string | undefined> {
  const from = join(keys, `${role}_key`);
  const text = await findText(from);
  if (text === undefined) return undefined;
  const previous = join(keys, "previous");
  await createDirectory(previous, { mode: 0o700 });
  const to = join(previous, `${role}_key.${1 + Math.max(0, ...(await listNumbers(previous, role)))}`);
  const publicText = await findText(`${from}.pub`);
  if (publicText !== undefined) await writeFileAtomically(`${to}.pub`, publicText, { mode: 0o644 });
  await writeFileAtomically(to, text, { mode: 0o600 });
  return to;
}

async function listFiles(keys: string, role: TopLevelRole): Promise<readonly KeyFile[]> {
  const path = join(keys, `${role}_key`);
  const current: KeyFile[] = (await findText(path)) === undefined ? [] : [{ role, path, age: "current" }];
  const previous = join(keys, "previous");
  const numbers = (await listNumbers(previous, role)).toSorted((a, b) => b - a);
  const aside = numbers.map((n): KeyFile => ({ role, path: join(previous, `${role}_key.${n}`), age: "previous" }));
  return [...current, ...aside];
}

async function unlock(file: KeyFile, passphrase: PassphraseProvider | undefined): Promise<KeyObject> {
  const { path } = file;
  const text = await findText(path);
  if (text === undefined) throw missingFile(path);
  const key = await decrypt(text, file, passphrase);
  const pem = publicPem(key);
  const known = await findText(`${path}.pub`);
  if (known === undefined || !sameKey(known, pem)) await writeFileAtomically(`${path}.pub`, pem, { mode: 0o644 });
  return key;
}

/** Who gives the same passphrase again has no other one. */
async function decrypt(
  text: string,
  { role, path, age }: KeyFile,
  passphrase: PassphraseProvider | undefined,
): Promise<KeyObject> {
  const purpose = age === "current" ? "unlock" : "unlock-previous";
  let last: { readonly given: string | undefined; readonly error: unknown } | undefined;
  for (let refused = 0; ; refused++) {
    let given: string | undefined;
    const ask = async (): Promise<string | undefined> => {
      given = await passphrase?.({ role, purpose, path, refused });
      if (last !== undefined && given === last.given) throw last.error;
      return given;
    };
    try {
      return await parsePrivateKey(text, { path, passphrase: ask });
    } catch (error) {
      const isWrong = MasterError.is(error) && error.code === "MASTER_PASSPHRASE_WRONG";
      if (!isWrong || error === last?.error || refused + 1 >= passphraseTriesMax) throw error;
      last = { given, error };
    }
  }
}

async function findPublicKey({ path }: KeyFile): Promise<Key | undefined> {
  const pem = await findText(`${path}.pub`);
  return pem === undefined ? undefined : keyFromPem(pem);
}

/** Compares the material, because another tool may wrap the lines of the file differently. */
function sameKey(known: string, pem: string): boolean {
  return known === pem || keyMaterial(keyFromPem(known)) === keyMaterial(keyFromPem(pem));
}

function publicPem(key: KeyObject): string {
  return String(createPublicKey(key).export({ format: "pem", type: "spki" }));
}

async function listNumbers(previous: string, role: TopLevelRole): Promise<readonly number[]> {
  const names = await readdir(previous).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return [];
    throw fileError(error, previous);
  });
  return names.flatMap((name) => {
    const match = /^([a-z]+)_key\.([1-9][0-9]{0,8})$/.exec(name);
    return match?.[1] === role ? [Number(match[2])] : [];
  });
}

/** Key files may be links: to a removable device, or because container systems provide secrets as links. */
async function findText(path: string): Promise<string | undefined> {
  const bytes = await findFile(path, { maxBytes: keyFileMaxBytes, followLinks: true });
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
}

function missingFile(path: string): MasterError {
  return new MasterError("MASTER_KEYS_MISSING", `${path} does not exist`, { details: { path } });
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw fileError(error, path);
  }
}
