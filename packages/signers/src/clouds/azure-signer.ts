/**
 * `@dtuf/signers/azure`: `azurekms://VAULT.vault.azure.net/keys/NAME/VERSION`, through `@azure/keyvault-keys`, which must be
 * installed, and `@azure/identity` for the credentials unless they are given. Keys: P-256, P-384, RSA (PS256).
 */
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { keyFromPem, keyIdOf, type Key } from "@dtuf/tuf";
import type { OpenScheme, SignerContext } from "../context.ts";
import { SignerError } from "../errors.ts";
import { derOfRaw } from "../keys/der-signature.ts";
import { loadPeer } from "../peer-module.ts";
import { ask, digestFor, signatureOf } from "./cloud.ts";

/** The part of the module that is used. */
interface KeysModule {
  readonly KeyClient: new (vault: string, credential: unknown, options: object) => KeyClient;
  readonly CryptographyClient: new (key: string, credential: unknown, options: object) => CryptographyClient;
}

interface KeyClient {
  getKey(name: string, options: object): Promise<{ readonly key?: Readonly<Record<string, unknown>> }>;
}

interface CryptographyClient {
  sign(algorithm: string, digest: Uint8Array, options: object): Promise<{ readonly result?: Uint8Array }>;
}

interface IdentityModule {
  readonly DefaultAzureCredential: new () => unknown;
}

export interface AzureOptions {
  /** A `TokenCredential`. Default: `DefaultAzureCredential` of `@azure/identity`. */
  readonly credential?: unknown;
  /** Of the module's clients. */
  readonly client?: object | undefined;
}

const service = "Azure Key Vault";

/** The scheme `azurekms:`. */
export function createAzureScheme({ credential, client = {} }: AzureOptions = {}): OpenScheme {
  return async ({ rest, text }, context) => {
    const [, vault, name, version] = /^\/\/([^/?#@]+)\/keys\/([\w-]+)\/([\w-]+)$/.exec(rest) ?? [];
    if (vault === undefined || name === undefined || version === undefined) {
      throw new SignerError("SIGNER_URI_INVALID", `${text}: wanted azurekms://VAULT/keys/NAME/VERSION`);
    }
    const sdk = await loadPeer<KeysModule>("@azure/keyvault-keys");
    const identity = credential ?? new (await loadPeer<IdentityModule>("@azure/identity")).DefaultAzureCredential();
    const keys = new sdk.KeyClient(`https://${vault}`, identity, client);
    const key = await readPublicKey(keys, { name, version }, context);
    const signing = new sdk.CryptographyClient(`https:${rest}`, identity, client);
    return { key, keyId: keyIdOf(key), sign: (payload) => sign(signing, { key, payload, context }) };
  };
}

async function readPublicKey(
  keys: KeyClient,
  { name, version }: { readonly name: string; readonly version: string },
  context: SignerContext,
): Promise<Key> {
  return ask(service, context, async (abortSignal) => {
    const { key: jwk = {} } = await keys.getKey(name, { version, abortSignal });
    const kty = String(jwk["kty"]).replace(/-HSM$/, "");
    const fields = Object.fromEntries(["x", "y", "n", "e"].flatMap((field) => numberOf(field, jwk[field])));
    const key: JsonWebKey = { kty, ...(typeof jwk["crv"] === "string" ? { crv: jwk["crv"] } : {}), ...fields };
    const opened = createPublicKey({ key, format: "jwk" });
    return keyFromPem(String(opened.export({ format: "pem", type: "spki" })));
  });
}

function numberOf(field: string, value: unknown): readonly (readonly [string, string])[] {
  return value instanceof Uint8Array ? [[field, Buffer.from(value).toString("base64url")]] : [];
}

async function sign(
  client: CryptographyClient,
  { key, payload, context }: { readonly key: Key; readonly payload: Uint8Array; readonly context: SignerContext },
): Promise<Uint8Array> {
  const digest = digestFor(key, payload);
  const algorithm = key.keyType === "rsa" ? "PS256" : `ES${digest.name.slice(-3)}`;
  const { result } = await ask(service, context, (abortSignal) =>
    client.sign(algorithm, digest.bytes, { abortSignal }),
  );
  const signature = signatureOf(service, result);
  return key.keyType === "rsa" ? signature : derOfRaw(signature);
}
