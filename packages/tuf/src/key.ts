import type { Json, JsonObject } from "./json.ts";
import type { KeyId } from "./names.ts";

/** A public key as a document lists it. It may be of a type that nobody here can use; then no signature of it ever counts. */
export interface Key {
  readonly keyType: string;
  readonly scheme: string;
  /** `keyval.public` as it is written: hex or PEM. Empty where the key type has none. */
  readonly public: string;
  /** The whole of `keyval`, as received. */
  readonly keyval: JsonObject;
  readonly unrecognized: JsonObject;
}

export function parseKey(_json: Json): Key {
  throw new Error("not yet");
}
export function encodeKey(_key: Key): JsonObject {
  throw new Error("not yet");
}
export function keyFromPem(_pem: string): Key {
  throw new Error("not yet");
}
export function keyIdOf(_key: Key): KeyId {
  throw new Error("not yet");
}
export function keyMaterial(_key: Key): string | undefined {
  throw new Error("not yet");
}
