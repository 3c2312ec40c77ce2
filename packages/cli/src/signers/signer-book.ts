/**
 * Where this person's private keys are: `dtuf/signers.json` in the user's configuration, by key id. It holds URIs and
 * public keys, no secret, and belongs to no repository.
 */
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createDirectory, findFile, isErrno, withLock, writeFileAtomically } from "@dtuf/registry/files";
import { encodeKey, keyIdOf, parseKey, parseKeyId, type Json, type Key, type KeyId } from "@dtuf/tuf";
import type { Context } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";

export interface RememberedSigner {
  readonly uri: string;
  readonly key: Key;
}

export type SignerBook = ReadonlyMap<KeyId, RememberedSigner>;

/** A thousand keys with their URIs. */
const bookMaxBytes = 4 * 1024 * 1024;

/** @throws UsageError if the file is no such list */
export async function readSignerBook(context: Context): Promise<SignerBook> {
  const path = findBookPath(context);
  const bytes = path === undefined ? undefined : await findFile(path, { maxBytes: bookMaxBytes, followLinks: true });
  return bytes === undefined || path === undefined ? new Map() : parseBook(bytes, path);
}

export interface Remembered {
  /** The file that remembers it. */
  readonly path: string;
  /** Where the key is, as it is remembered now. */
  readonly uri: string;
}

/** With "keep", another place that is remembered for the same key stays, unless it is a file that is gone. */
export async function rememberSigner(
  context: Context,
  signer: RememberedSigner,
  other: "keep" | "replace",
): Promise<Remembered> {
  const path = findBookPath(context);
  if (path === undefined)
    throw new UsageError("there is no home directory to remember the signer in", "name a file with --signers-file");
  await createDirectory(dirname(path), { mode: 0o700 });
  return withLock(`${path}.lock`, { wait: "wait", signal: context.io.signal }, async () => {
    const known = await readSignerBook(context);
    const before = known.get(keyIdOf(signer.key));
    if (other === "keep" && before !== undefined && !(await isGone(before.uri))) return { path, uri: before.uri };
    const book = new Map([...known, [keyIdOf(signer.key), signer]]);
    const signers = Object.fromEntries([...book].map(([id, { uri, key }]) => [id, { uri, key: encodeKey(key) }]));
    await writeFileAtomically(path, `${JSON.stringify({ format: 1, signers }, undefined, 2)}\n`, { mode: 0o600 });
    return { path, uri: signer.uri };
  });
}

/** A key file that is not there. Of other signers it is not known. */
async function isGone(uri: string): Promise<boolean> {
  const file = /^file2:(.*)$/s.exec(uri)?.[1] ?? /^file:([^?]*)/s.exec(uri)?.[1];
  return (
    file !== undefined &&
    !(await stat(file).then(
      () => true,
      (error: unknown) => !isErrno(error, "ENOENT", "ENOTDIR"),
    ))
  );
}

function findBookPath({ io, values }: Context): string | undefined {
  const given = values.text("signers-file") ?? "";
  if (given !== "") return resolve(io.cwd, given);
  const { APPDATA: roaming = "", XDG_CONFIG_HOME: config = "" } = io.env;
  const home = io.home === undefined ? undefined : join(io.home, ".config");
  const base = io.platform === "win32" && roaming !== "" ? roaming : config === "" ? home : config;
  return base === undefined ? undefined : join(base, "dtuf", "signers.json");
}

interface BookFile {
  readonly format: number;
  readonly signers: Readonly<Record<string, { readonly uri: string; readonly key: Json }>>;
}

function parseBook(bytes: Uint8Array, path: string): SignerBook {
  try {
    const { format, signers } = JSON.parse(Buffer.from(bytes).toString("utf8")) as BookFile;
    if (format !== 1) throw new TypeError(`wanted format 1, got ${String(format)}`);
    return new Map(Object.entries(signers).map(([id, { uri, key }]) => [parseKeyId(id), { uri, key: parseKey(key) }]));
  } catch {
    throw new UsageError(
      `${path} is no list of signers`,
      "mend it, move it away, or name another file with --signers-file",
    );
  }
}
