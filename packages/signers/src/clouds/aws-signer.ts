/**
 * `@dtuf/signers/aws`: `awskms:KEY`, with a key's id, ARN or alias, through `@aws-sdk/client-kms`, which must be installed.
 * Region and credentials come from where that module looks. Keys: ECC_NIST_P256, ECC_NIST_P384, RSA (PSS, SHA-256).
 */
import { createPublicKey } from "node:crypto";
import { keyFromPem, keyIdOf, type Key } from "@dtuf/tuf";
import type { OpenScheme, SignerContext } from "../context.ts";
import { loadPeer } from "../peer-module.ts";
import { ask, digestFor, signatureOf } from "./cloud.ts";

/** The part of the module that is used. */
interface KmsModule {
  readonly KMSClient: new (config: object) => KmsClient;
  readonly GetPublicKeyCommand: new (input: object) => object;
  readonly SignCommand: new (input: object) => object;
}

interface KmsClient {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<KmsAnswer>;
}

interface KmsAnswer {
  readonly PublicKey?: Uint8Array;
  readonly Signature?: Uint8Array;
}

const service = "AWS KMS";

/** The scheme `awskms:`. @param config of the module's client: region, credentials, endpoint. Default: as the module finds them */
export function createAwsScheme(config: object = {}): OpenScheme {
  return async ({ rest }, context) => {
    const sdk = await loadPeer<KmsModule>("@aws-sdk/client-kms");
    const kms = { sdk, client: new sdk.KMSClient(config), id: rest.replace(/^\/\/\//, "") };
    const key = await readPublicKey(kms, context);
    return { key, keyId: keyIdOf(key), sign: (payload) => sign(kms, { key, payload, context }) };
  };
}

interface Kms {
  readonly sdk: KmsModule;
  readonly client: KmsClient;
  readonly id: string;
}

async function readPublicKey({ sdk, client, id }: Kms, context: SignerContext): Promise<Key> {
  return ask(service, context, async (abortSignal) => {
    const { PublicKey: der } = await client.send(new sdk.GetPublicKeyCommand({ KeyId: id }), { abortSignal });
    const key = createPublicKey({ key: Buffer.from(der ?? []), format: "der", type: "spki" });
    return keyFromPem(String(key.export({ format: "pem", type: "spki" })));
  });
}

async function sign(
  { sdk, client, id }: Kms,
  { key, payload, context }: { readonly key: Key; readonly payload: Uint8Array; readonly context: SignerContext },
): Promise<Uint8Array> {
  const { name, bytes } = digestFor(key, payload);
  const algorithm = key.keyType === "rsa" ? "RSASSA_PSS_SHA_256" : `ECDSA_SHA_${name.slice(-3)}`;
  const input = { KeyId: id, Message: bytes, MessageType: "DIGEST", SigningAlgorithm: algorithm };
  const answer = await ask(service, context, (abortSignal) => client.send(new sdk.SignCommand(input), { abortSignal }));
  return signatureOf(service, answer.Signature);
}
