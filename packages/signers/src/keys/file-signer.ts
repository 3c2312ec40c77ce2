/** Keys in files (`file2:PATH`, `file:PATH?encrypted=true`) and in variables (`envvar:NAME`). */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { createSigner, type Signer } from "@dtuf/tuf";
import { SignerError } from "../errors.ts";
import type { OpenScheme, SignerContext } from "../context.ts";
import { keyFileMaxBytes } from "../limits.ts";
import { importPrivateKey } from "./private-key.ts";

/** securesystemslib's variable: it stands before every path. */
const prefixVariable = "CRYPTO_SIGNER_PATH_PREFIX";

export const openFile2: OpenScheme = async ({ rest }, context) =>
  openText(await readKeyFile(resolve(context.cwd ?? "", `${context.env[prefixVariable] ?? ""}${rest}`)), rest, context);

/** `encrypted=false` refuses an encrypted file; `encrypted=true`, an unencrypted one, as securesystemslib does. */
export const openFile: OpenScheme = async ({ rest, text }, context) => {
  const [, path, encrypted] = /^(.+?)(?:\?encrypted=(true|false))?$/s.exec(rest) ?? [];
  if (path === undefined || path.includes("?")) {
    throw new SignerError("SIGNER_URI_INVALID", `${text}: wanted file:PATH?encrypted=true or =false`);
  }
  const key = await readKeyFile(resolve(context.cwd ?? "", path));
  const secret: SignerContext["secret"] = encrypted === "false" ? undefined : context.secret;
  return openText(key, path, { ...context, secret });
};

export const openVariable: OpenScheme = async ({ rest, text }, context) => {
  const value = context.env[rest];
  if (value === undefined || value === "") throw new SignerError("SIGNER_NOT_FOUND", `the variable ${rest} is not set`);
  if (value.length <= keyFileMaxBytes) return openText(value, text, context);
  throw new SignerError("SIGNER_KEY_INVALID", `the variable ${rest} is too long for a key`);
};

async function openText(text: string, of: string, context: SignerContext): Promise<Signer> {
  return createSigner(await importPrivateKey(text, { of, context }));
}

/** Links are followed: container systems provide secrets as links. @throws SignerError SIGNER_NOT_FOUND, SIGNER_KEY_INVALID */
export async function readKeyFile(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isFile() && found.size <= keyFileMaxBytes) return await readFile(path, "utf8");
  } catch (cause) {
    throw new SignerError("SIGNER_NOT_FOUND", `the key file ${path} cannot be read`, { details: { path }, cause });
  }
  throw new SignerError("SIGNER_KEY_INVALID", `${path} is no regular file of a key's size`, { details: { path } });
}
