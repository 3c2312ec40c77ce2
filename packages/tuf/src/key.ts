/**
 * Public keys as documents list them. A key of an unknown type is parsed and kept: it never counts towards
 * a threshold and never makes a document invalid. Key ids are only names (TAP 12): the spec's rule that a client
 * computes each id (TUF 1.0.34, 4.3) is not followed, because published roots violate it and because it prevents only that
 * one key counts twice, which `keyMaterial` prevents for any ids.
 */
import type { KeyObject } from "node:crypto";
import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical.ts";
import { TufError } from "./errors.ts";
import { asObject, fieldOf, objectAt, objectFrom, stringAt, unrecognizedOf } from "./fields.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Limits } from "./limits.ts";
import { mlDsaKeyType, mlDsaScheme } from "./ml-dsa.ts";
import type { KeyId } from "./names.ts";
import { parseKeyId } from "./names.ts";
import type { WrittenKey } from "./public-key.ts";
import { findPem, findPublicKey } from "./public-key.ts";

/** A public key as a document lists it. If its type is not supported, its signatures never count. */
export interface Key extends WrittenKey {
  /** The whole `keyval`, as received. */
  readonly keyval: JsonObject;
  readonly unrecognized: JsonObject;
}

const keyFields = new Set(["keytype", "scheme", "keyval"]);

/** @throws TufError TUF_MALFORMED */
export function parseKey(json: Json): Key {
  const object = asObject(json, "key");
  const keyval = objectAt(object, "keyval", "key");
  const text = fieldOf(keyval, "public");
  return {
    keyType: stringAt(object, "keytype", "key"),
    scheme: stringAt(object, "scheme", "key"),
    public: typeof text === "string" ? text : "",
    keyval,
    unrecognized: unrecognizedOf(object, keyFields),
  };
}

/** Encodes the key as documents list it (TUF 1.0.34, 4.2), unknown fields included. */
export function encodeKey(key: Key): JsonObject {
  return { ...key.unrecognized, ...identityOf(key) };
}

export function parseKeys(json: JsonObject, limits: Limits): ReadonlyMap<KeyId, Key> {
  const entries = Object.entries(json);
  if (entries.length > limits.maxKeys) {
    throw new TufError("TUF_LIMIT_EXCEEDED", `${entries.length} keys in one document; at most ${limits.maxKeys}`, {
      details: { got: entries.length, wanted: limits.maxKeys },
    });
  }
  return new Map(entries.map(([id, key]) => [parseKeyId(id), parseKey(key)]));
}

export function encodeKeys(keys: ReadonlyMap<KeyId, Key>): JsonObject {
  return objectFrom(keys, encodeKey);
}

/**
 * Makes a key from a public key in PEM (SPKI; PKCS#1 too for RSA), with the default scheme of its type: ed25519,
 * ecdsa-sha2-nistp256 or -nistp384, rsassa-pss-sha256, ml-dsa-44/1, -65/1 or -87/1.
 * @throws TufError TUF_KEY_INVALID for anything else, also for private keys and certificates
 */
export function keyFromPem(pem: string): Key {
  const opened = findPem(pem);
  const found = opened === undefined ? undefined : describe(opened);
  const key = found === undefined ? undefined : parseKey({ ...found, keyval: { public: found.keyval } });
  if (key === undefined || findPublicKey(key) === undefined) {
    throw new TufError(
      "TUF_KEY_INVALID",
      "not a usable public key in PEM; wanted ed25519, ECDSA P-256 or P-384, RSA of 2048 bits or more, or (on Node 24.7 and newer) ML-DSA",
    );
  }
  return key;
}

/** SHA-256 of the canonical `{keytype, keyval, scheme}`, so other fields of a key do not change its id. */
export function keyIdOf(key: Key): KeyId {
  return createHash("sha256")
    .update(canonicalJson(identityOf(key)))
    .digest("hex") as KeyId;
}

/**
 * Returns the same text for the same key in any encoding and under any id: the hex SHA-256 of its SPKI form.
 * Returns undefined for a key that cannot be used here.
 */
export function keyMaterial(key: Key): string | undefined {
  return findPublicKey(key)?.material;
}

function identityOf(key: Key): JsonObject {
  return { keytype: key.keyType, scheme: key.scheme, keyval: key.keyval };
}

function describe(key: KeyObject): { keytype: string; scheme: string; keyval: string } | undefined {
  const type = key.asymmetricKeyType;
  if (type === "ed25519") {
    const point = key.export({ format: "der", type: "spki" }).subarray(-32);
    return { keytype: "ed25519", scheme: "ed25519", keyval: point.toString("hex") };
  }
  const keyval = key.export({ format: "pem", type: "spki" }).toString();
  if (type === "rsa") return { keytype: "rsa", scheme: "rsassa-pss-sha256", keyval };
  const scheme = mlDsaScheme(type);
  if (scheme !== undefined) return { keytype: mlDsaKeyType, scheme, keyval };
  if (type !== "ec") return undefined;
  const bits = key.asymmetricKeyDetails?.namedCurve === "secp384r1" ? 384 : 256;
  return { keytype: "ecdsa", scheme: `ecdsa-sha2-nistp${bits}`, keyval };
}
