import { collect } from "@dtuf/registry";
import {
  createStaticCredentials,
  storeCredential,
  type CredentialPlace,
  type StorableCredential,
} from "@dtuf/registry/remote";
import type { Context, Run } from "../context/command.ts";
import { configPath, findCredentialPlace, loginHost } from "./credential-place.ts";
import { openLogin } from "../connection/connection.ts";
import { UsageError } from "../context/usage.ts";

/** No registry takes a password or a token longer than its header. */
const secretMaxBytes = 64 * 1024;

/** The registry is asked first: what it refuses is not stored. */
export const run: Run = async (context, [named]) => {
  const host = loginHost(context, named);
  const credential = await readCredential(context);
  const place = await choosePlace(context, host);
  const client = await openLogin(context, host, createStaticCredentials(credential));
  try {
    await client.ping({ signal: context.io.signal });
  } finally {
    await client.close();
  }
  await storeCredential(place, host, credential);
  context.terminal.report(`logged in to ${host}`);
};

async function readCredential(context: Context): Promise<StorableCredential> {
  const { io, values, variable } = context;
  if (values.on("identity-token-stdin")) return { kind: "identity-token", token: await readSecret(context) };
  const username = values.text("username");
  if (username === undefined || username === "") {
    throw new UsageError("no user name", `--username NAME, or ${variable("username")}`);
  }
  if (values.on("password-stdin")) return { kind: "basic", username, password: await readSecret(context) };
  const password = io.env[variable("password")] ?? (await io.askSecret?.(`Password of ${username}: `));
  if (password === undefined) throw new UsageError("no password and no terminal to ask on", "--password-stdin");
  return { kind: "basic", username, password };
}

async function readSecret({ io }: Context): Promise<string> {
  const text = Buffer.from(await collect(io.stdin.stream, secretMaxBytes)).toString("utf8");
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new UsageError("nothing came from stdin");
  return secret;
}

async function choosePlace(context: Context, host: string): Promise<CredentialPlace> {
  const found = await findCredentialPlace(context, host);
  if (found !== undefined) return found;
  const path = await configPath(context);
  if (!context.values.on("plain-text")) {
    throw new UsageError(
      `no credential helper is configured in ${path}`,
      "configure credsStore there, or add --keychain, or --plain-text to store the password readable",
    );
  }
  context.terminal.note(`the password is stored in ${path} in plain text: whoever reads the file has it`);
  return { kind: "plain-text", path };
}
