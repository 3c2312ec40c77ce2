import { createPublicKey, type KeyObject } from "node:crypto";
import { lstat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { encodePrivateKey, generatePrivateKey } from "@dtuf/master/keys";
import { createDirectory, isErrno, writeFileAtomically } from "@dtuf/registry/files";
import { importPrivateKey, readKeyFile } from "@dtuf/signers";
import { keyFromPem, keyIdOf } from "@dtuf/tuf";
import type { Context, Run } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";
import { readKeyType } from "../publish/key-type.ts";
import { signerOptions } from "../signers/open-signers.ts";
import { rememberSigner } from "../signers/signer-book.ts";

export const run: Run = async (context, [file = ""]) => {
  const { io, terminal, values } = context;
  if (file === "-") throw new UsageError("wanted a file; got -, which is for data alone: a key is for its owner");
  const path = resolve(io.cwd, file);
  for (const each of [path, `${path}.pub`]) await refuseExisting(each);
  const from = values.text("from") ?? "";
  const key = from === "" ? await generatePrivateKey(readKeyType(values)) : await importKey(context, from);
  const pem = String(createPublicKey(key).export({ format: "pem", type: "spki" }));
  const publicKey = keyFromPem(pem);
  const passphrase = await newPassphrase(context);
  const text = await encodePrivateKey(key, passphrase);
  await createDirectory(dirname(path), { mode: 0o700 });
  await writeFileAtomically(path, text, { mode: 0o600 });
  await writeFileAtomically(`${path}.pub`, pem, { mode: 0o644 });
  const uri = `file2:${path}`;
  const book = await rememberSigner(context, { uri, key: publicKey });
  const keyId = keyIdOf(publicKey);
  terminal.report(
    `${from === "" ? "created" : "imported"} the ${publicKey.keyType} key ${file}, ${passphrase === undefined ? "NOT encrypted" : "encrypted"}; ${file}.pub is the half to give to others`,
  );
  terminal.report(`${book} remembers that this key signs as ${keyId}`);
  if (terminal.format === "json") await terminal.printJson({ keyId, path, publicKey: `${path}.pub`, uri });
};

/** A private key that is lost cannot be made again. @throws UsageError */
async function refuseExisting(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  throw new UsageError(`${path} exists already, and a key is never written over another file`);
}

async function importKey(context: Context, from: string): Promise<KeyObject> {
  const text = await readKeyFile(resolve(context.io.cwd, from));
  return importPrivateKey(text, { of: from, context: signerOptions(context) });
}

/** From the variable, else chosen on the terminal, else undefined. Empty means no encryption. */
async function newPassphrase({ io, variable }: Context): Promise<string | undefined> {
  const given = io.env[variable("key-password")] ?? (io.askSecret === undefined ? "" : await askTwice(io.askSecret));
  return given === "" ? undefined : given;
}

async function askTwice(ask: (prompt: string) => Promise<string>): Promise<string> {
  const first = await ask("New passphrase for the key (empty: no encryption): ");
  if (first !== (await ask("The same again: "))) throw new UsageError("the two passphrases differ");
  return first;
}
