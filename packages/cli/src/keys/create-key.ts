import { createPublicKey, type KeyObject } from "node:crypto";
import { lstat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { encodePrivateKey, generatePrivateKey } from "@dtuf/master/keys";
import { createDirectory, isErrno, writeFileAtomically } from "@dtuf/registry/files";
import { importPrivateKey, readKeyFile } from "@dtuf/signers";
import { keyFromPem, keyIdOf } from "@dtuf/tuf";
import type { Context, Run } from "../context/command.ts";
import { isGiven } from "../context/settings/modes.ts";
import { UsageError } from "../context/usage.ts";
import { readKeyType } from "../publish/master/key-type.ts";
import { askNewPassphrase } from "../publish/master/passphrase.ts";
import { signerOptions } from "../signers/open-signers.ts";
import { rememberSigner } from "../signers/signer-book.ts";

/** FILE.pub is written last. A FILE without it is a run that was interrupted, which is finished with the key that is there. */
export const run: Run = async (context, [file = ""]) => {
  const { io, terminal, values } = context;
  if (file === "-") throw new UsageError("wanted a file; got -, which is for data alone: a key is for its owner");
  const path = resolve(io.cwd, file);
  const [isThere, isWhole] = [await exists(path), await exists(`${path}.pub`)];
  if (isWhole || (isThere && isGiven(values, "from"))) {
    throw new UsageError(
      `${isThere ? file : `${file}.pub`} exists already, and a key is never written over another file`,
    );
  }
  const key = isThere ? await importKey(context, file) : await makeKey(context);
  const pem = String(createPublicKey(key).export({ format: "pem", type: "spki" }));
  const publicKey = keyFromPem(pem);
  if (!isThere) await writeKey(context, path, key);
  const uri = `file2:${path}`;
  const remembered = await rememberSigner(context, { uri, key: publicKey }, "keep");
  await writeFileAtomically(`${path}.pub`, pem, { mode: 0o644 });
  const keyId = keyIdOf(publicKey);
  const verb = isThere ? "finished" : isGiven(values, "from") ? "imported" : "created";
  terminal.report(`${verb} the ${publicKey.keyType} key ${file}; ${file}.pub is the half to give to others`);
  if (remembered.uri === uri) terminal.report(`${remembered.path} remembers that this key signs as ${keyId}`);
  else {
    terminal.note(
      `${remembered.path} remembers ${remembered.uri} for this key, ${keyId}, and still does: ${file} is a copy of it`,
    );
  }
  if (terminal.format === "json") await terminal.printJson({ keyId, path, publicKey: `${path}.pub`, uri });
};

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

function makeKey(context: Context): Promise<KeyObject> {
  const from = context.values.text("from") ?? "";
  return from === "" ? generatePrivateKey(readKeyType(context.values)) : importKey(context, from);
}

async function writeKey(context: Context, path: string, key: KeyObject): Promise<void> {
  const passphrase = await newPassphrase(context);
  if (passphrase === undefined) context.terminal.note("the key is NOT encrypted: its file is enough to sign");
  const text = await encodePrivateKey(key, passphrase);
  await createDirectory(dirname(path), { mode: 0o700 });
  await writeFileAtomically(path, text, { mode: 0o600 });
}

async function importKey(context: Context, from: string): Promise<KeyObject> {
  const text = await readKeyFile(resolve(context.io.cwd, from));
  return importPrivateKey(text, { of: from, context: signerOptions(context) });
}

/** From the variable, else chosen on the terminal, else undefined. Empty means no encryption. */
async function newPassphrase({ io, variable }: Context): Promise<string | undefined> {
  const ask = async (): Promise<string> =>
    io.askSecret === undefined
      ? ""
      : askNewPassphrase(io.askSecret, "New passphrase for the key (empty: no encryption): ");
  const given = io.env[variable("key-password")] ?? (await ask());
  return given === "" ? undefined : given;
}
