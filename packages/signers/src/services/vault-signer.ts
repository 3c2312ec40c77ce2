/**
 * `hv:KEY/VERSION`: a key of HashiCorp Vault's transit engine (or OpenBao's). The address, the token and the namespace come
 * from VAULT_ADDR, VAULT_TOKEN and VAULT_NAMESPACE. The private key never leaves Vault.
 */
import { createHash } from "node:crypto";
import { keyFromPem, keyIdOf, parseKey, type Key } from "@dtuf/tuf";
import type { OpenScheme, SignerContext } from "../context.ts";
import { SignerError } from "../errors.ts";
import { requestJson } from "./json-service.ts";

const service = "Vault";

export const openVault: OpenScheme = async ({ rest, text }, context) => {
  const [, name, version] = /^([\w.-]+)\/([1-9][0-9]{0,8})$/.exec(rest) ?? [];
  if (name === undefined || version === undefined)
    throw new SignerError("SIGNER_URI_INVALID", `${text}: wanted hv:KEY/VERSION`);
  const vault = { ...readVault(context), name, version: Number(version) };
  const key = await readPublicKey(vault, context);
  return { key, keyId: keyIdOf(key), sign: (payload) => sign(vault, { key, payload, context }) };
};

interface Vault {
  readonly base: URL;
  readonly headers: Readonly<Record<string, string>>;
}

interface VaultKey extends Vault {
  readonly name: string;
  readonly version: number;
}

function readVault({ env }: SignerContext): Vault {
  const { VAULT_ADDR: address = "", VAULT_TOKEN: token = "", VAULT_NAMESPACE: namespace = "" } = env;
  if (!URL.canParse(address) || token === "") {
    throw new SignerError("SIGNER_REFUSED", "VAULT_ADDR and VAULT_TOKEN must be set to sign with Vault");
  }
  return {
    base: new URL(`${address.replace(/\/+$/, "")}/v1/transit/`),
    headers: {
      "x-vault-token": token,
      "x-vault-request": "true",
      ...(namespace === "" ? {} : { "x-vault-namespace": namespace }),
    },
  };
}

async function readPublicKey(vault: VaultKey, context: SignerContext): Promise<Key> {
  const { base, headers, name, version } = vault;
  const answer = await requestJson({ url: new URL(`keys/${name}`, base), headers, service }, context);
  const found = textAt(answer, ["data", "keys", String(version), "public_key"]);
  if (found === undefined) {
    throw new SignerError("SIGNER_NOT_FOUND", `Vault has no public key of ${name} in version ${version}`);
  }
  if (textAt(answer, ["data", "type"]) !== "ed25519") return keyFromPem(found);
  const hex = Buffer.from(found, "base64").toString("hex");
  return parseKey({ keytype: "ed25519", scheme: "ed25519", keyval: { public: hex } });
}

interface Wanted {
  readonly key: Key;
  readonly payload: Uint8Array;
  readonly context: SignerContext;
}

async function sign(vault: VaultKey, { key, payload, context }: Wanted): Promise<Uint8Array> {
  const { base, headers, name, version } = vault;
  const url = new URL(`sign/${name}`, base);
  const body = { key_version: version, ...inputOf(key, payload) };
  const signature = textAt(await requestJson({ url, headers, body, service }, context), ["data", "signature"]);
  const [, base64] = /^vault:v[0-9]+:([A-Za-z0-9+/=]+)$/.exec(signature ?? "") ?? [];
  if (base64 !== undefined) return Buffer.from(base64, "base64");
  throw new SignerError("SIGNER_UNAVAILABLE", `Vault made no signature with ${name}`);
}

/** Only ed25519 needs the whole payload. */
function inputOf({ keyType, scheme }: Key, payload: Uint8Array): object {
  if (keyType === "ed25519") return { input: Buffer.from(payload).toString("base64") };
  const bits = scheme.endsWith("384") ? 384 : 256;
  return {
    input: createHash(`sha${bits}`).update(payload).digest("base64"),
    prehashed: true,
    hash_algorithm: `sha2-${bits}`,
    ...(keyType === "rsa" ? { signature_algorithm: "pss", salt_length: "hash" } : { marshaling_algorithm: "asn1" }),
  };
}

function textAt(json: unknown, path: readonly string[]): string | undefined {
  let value = json;
  for (const name of path) {
    value = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  }
  return typeof value === "string" ? value : undefined;
}
