/**
 * `@dtuf/signers/gcp`: `gcpkms:projects/…/cryptoKeyVersions/N`, through `@google-cloud/kms`, which must be installed.
 * Credentials come from where that module looks. Keys: EC_SIGN_P256_SHA256, EC_SIGN_P384_SHA384, RSA_SIGN_PSS_…_SHA256.
 */
import { keyFromPem, keyIdOf, type Key } from "@dtuf/tuf";
import type { OpenScheme, SignerContext } from "../context.ts";
import { SignerError } from "../errors.ts";
import { loadPeer } from "../peer-module.ts";
import { ask, digestFor, signatureOf } from "./cloud.ts";

/** The part of the module that is used. */
interface KmsModule {
  readonly KeyManagementServiceClient: new (options: object) => KmsClient;
}

interface KmsClient {
  getPublicKey(
    request: object,
  ): Promise<readonly [{ readonly pem?: string; readonly algorithm?: unknown }, ...unknown[]]>;
  asymmetricSign(request: object): Promise<readonly [{ readonly signature?: unknown }, ...unknown[]]>;
}

const service = "Google Cloud KMS";
const usable = /^(?:EC_SIGN_P256_SHA256|EC_SIGN_P384_SHA384|RSA_SIGN_PSS_[0-9]+_SHA256)$/;

/** The scheme `gcpkms:`. @param options of the module's client: credentials, address. Default: as the module finds them */
export function createGcpScheme(options: object = {}): OpenScheme {
  return async ({ rest, text }, context) => {
    const name = rest.replace(/^\/\//, "");
    if (!/^projects\/.+\/cryptoKeyVersions\/[0-9]+$/.test(name)) {
      throw new SignerError("SIGNER_URI_INVALID", `${text}: wanted gcpkms:projects/…/cryptoKeyVersions/N`);
    }
    const sdk = await loadPeer<KmsModule>("@google-cloud/kms");
    const client = new sdk.KeyManagementServiceClient(options);
    const key = await readPublicKey(client, name, context);
    return { key, keyId: keyIdOf(key), sign: (payload) => sign(client, name, { key, payload, context }) };
  };
}

async function readPublicKey(client: KmsClient, name: string, context: SignerContext): Promise<Key> {
  const [{ pem = "", algorithm }] = await ask(service, context, () => client.getPublicKey({ name }));
  if (usable.test(String(algorithm))) return keyFromPem(pem);
  throw new SignerError(
    "SIGNER_KEY_INVALID",
    `${service} signs with ${String(algorithm)} there, which clients do not verify`,
  );
}

async function sign(
  client: KmsClient,
  name: string,
  { key, payload, context }: { readonly key: Key; readonly payload: Uint8Array; readonly context: SignerContext },
): Promise<Uint8Array> {
  const digest = digestFor(key, payload);
  const request = { name, digest: { [digest.name]: digest.bytes } };
  const [{ signature }] = await ask(service, context, () => client.asymmetricSign(request));
  return signatureOf(service, typeof signature === "string" ? Buffer.from(signature, "base64") : signature);
}
