import { collect, OciError } from "@dtuf/registry";
import {
  createStaticCredentials,
  storeCredential,
  type CredentialPlace,
  type StorableCredential,
} from "@dtuf/registry/remote";
import type { Context, Run } from "../../context/command.ts";
import { configPath, findCredentialPlace, loginHost } from "./credential-place.ts";
import { openLogin } from "../../connection/connection.ts";
import { confirm, whyNobodyIsAsked } from "../../context/questions.ts";
import { UsageError } from "../../context/usage.ts";

/** No registry takes a password or a token longer than its header. */
const secretMaxBytes = 64 * 1024;

/** The registry is asked first: what it refuses is not stored. */
export const run: Run = async (context, [named]) => {
  const host = loginHost(context, named ?? (await askHost(context)));
  const place = await choosePlace(context, host);
  const credential = await readCredential(context);
  await verifyLogin(context, host, credential);
  await storeCredential(place, host, credential);
  context.terminal.report(`logged in to ${host}; ${describePlace(place)}`);
};

/** @throws OciError OCI_UNAUTHORIZED; OCI_RESPONSE_INVALID if the host is no registry */
async function verifyLogin(context: Context, host: string, credential: StorableCredential): Promise<void> {
  const client = await openLogin(context, host, createStaticCredentials(credential));
  try {
    if (!(await client.ping({ signal: context.io.signal }))) {
      throw new OciError("OCI_RESPONSE_INVALID", `${host} is no registry: it does not answer /v2/ as one`, {
        details: { host },
      });
    }
  } finally {
    await client.close();
  }
}

function describePlace(place: CredentialPlace): string {
  if (place.kind === "helper") return `docker-credential-${place.name} keeps the password`;
  if (place.kind === "keychain") return "this system's keychain keeps the password";
  return `the password is in ${place.path} in plain text, for everybody who can read that file`;
}

async function readCredential(context: Context): Promise<StorableCredential> {
  const { io, values, variable } = context;
  if (values.on("identity-token-stdin")) return { kind: "identity-token", token: await readSecret(context) };
  const isPiped = values.on("password-stdin");
  const username = values.text("username") || (isPiped ? undefined : await io.ask?.("User name: "));
  if (username === undefined || username === "") {
    throw new UsageError(
      `no user name, and ${whyNobodyIsAsked(context)}`,
      `--username NAME, or ${variable("username")}`,
    );
  }
  if (isPiped) return { kind: "basic", username, password: await readSecret(context) };
  const password = io.env[variable("password")] ?? (await io.askSecret?.(`Password of ${username}: `));
  if (password === undefined)
    throw new UsageError(
      `no password, and ${whyNobodyIsAsked(context)}`,
      `--password-stdin, or ${variable("password")}`,
    );
  return { kind: "basic", username, password };
}

async function readSecret({ io }: Context): Promise<string> {
  const text = Buffer.from(await collect(io.stdin.stream, secretMaxBytes)).toString("utf8");
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new UsageError("nothing came from stdin");
  return secret;
}

/** Nothing is asked of who names a registry in the environment. */
async function askHost({ io, values }: Context): Promise<string | undefined> {
  return values.text("host") ? undefined : io.ask?.("Registry (host[:port]): ");
}

function isPlainTextFine(context: Context, path: string): Promise<boolean> {
  const question = `No credential helper is configured in ${path}. Store the password there, readable?`;
  return confirm(context, question);
}

async function choosePlace(context: Context, host: string): Promise<CredentialPlace> {
  const found = await findCredentialPlace(context, host);
  if (found !== undefined) return found;
  const path = await configPath(context);
  if (!context.values.on("plain-text") && !(await isPlainTextFine(context, path))) {
    throw new UsageError(
      `no credential helper is configured in ${path}`,
      "configure credsStore there, or add --keychain, or --plain-text to store the password readable",
    );
  }
  return { kind: "plain-text", path };
}
