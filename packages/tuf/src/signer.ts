import type { KeyObject } from "node:crypto";
import type { Key } from "./key.ts";
import type { KeyId } from "./names.ts";

/** Something that can sign: a private key here, or one in a token or a cloud. */
export interface Signer {
  readonly key: Key;
  /** The id under which documents list the key. */
  readonly keyId: KeyId;
  sign(payload: Uint8Array): Promise<Uint8Array>;
}

export function createSigner(_privateKey: KeyObject, _options: { readonly keyId?: KeyId | undefined } = {}): Signer {
  throw new Error("not yet");
}
