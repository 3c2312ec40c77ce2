/** Settings -> the signers that this person has: those remembered, and those given with --signer. */
import { keyIdOf, type Key, type KeyId, type Signer } from "@dtuf/tuf";
import type { OpenSignerOptions, SecretProvider } from "@dtuf/signers";
import type { Context } from "../context/command.ts";
import { readSignerBook, type RememberedSigner } from "./signer-book.ts";

/**
 * A remembered signer is opened when it signs. One that is given is opened now, because its key is not known; it signs instead
 * of the one that is remembered for the same key.
 */
export async function openSigners(context: Context): Promise<readonly Signer[]> {
  const given: Signer[] = [];
  for (const uri of context.values.list("signer")) given.push(await openSignerUri(context, uri));
  const isGiven = (id: KeyId): boolean => given.some(({ keyId }) => keyId === id);
  const remembered = [...(await readSignerBook(context))].filter(([id]) => !isGiven(id));
  return [...given, ...remembered.map(([, signer]) => openLater(context, signer))];
}

/** @param key the public key that it must have */
export async function openSignerUri(context: Context, uri: string, key?: Key): Promise<Signer> {
  const { openSigner } = await import("@dtuf/signers");
  return openSigner(uri, { ...signerOptions(context), key });
}

export function signerOptions(context: Context): OpenSignerOptions {
  const { env, cwd, signal } = context.io;
  return {
    env,
    cwd,
    signal,
    secret: createSecrets(context),
    keychain: {
      getPassword: async (service, account) =>
        (await (await import("@dtuf/registry/remote")).openKeychain()).getPassword(service, account),
    },
    schemes: {
      awskms: async (uri, own) => (await import("@dtuf/signers/aws")).createAwsScheme()(uri, own),
      azurekms: async (uri, own) => (await import("@dtuf/signers/azure")).createAzureScheme()(uri, own),
      gcpkms: async (uri, own) => (await import("@dtuf/signers/gcp")).createGcpScheme()(uri, own),
    },
    openAge: async (text, options) => (await import("@dtuf/master/keys")).parsePrivateKey(text, options),
  };
}

function openLater(context: Context, { uri, key }: RememberedSigner): Signer {
  let opened: Promise<Signer> | undefined;
  return {
    key,
    keyId: keyIdOf(key),
    sign: async (payload) => (await (opened ??= openSignerUri(context, uri, key))).sign(payload),
  };
}

/** From the variable, else asked for on the terminal. */
function createSecrets(context: Context): SecretProvider {
  const { io, terminal } = context;
  return async ({ secret, of, refused }) => {
    const given = io.env[context.variable("key-password")];
    if (given !== undefined || io.askSecret === undefined) return given;
    if (refused > 0) terminal.note(`that is not the ${secret} of ${of}`);
    return io.askSecret(`${secret === "pin" ? "PIN" : "Passphrase"} of ${of}: `);
  };
}
