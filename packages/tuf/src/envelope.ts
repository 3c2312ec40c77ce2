/**
 * A metadata file as received: its signed part, not yet believed, and the signatures over it. The bytes that are verified
 * are the canonical form of what was received, made once for all keys. A threshold counts distinct key material, each
 * once: neither one key under several ids nor one id signing several times adds to it (TUF 1.0.34, 4.2.1 and 5.3.4).
 */
import { canonicalJson } from "./canonical.ts";
import { TufError } from "./errors.ts";
import { asObject, listAt, malformed, objectAt, stringAt } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { parseJson } from "./json.ts";
import type { Key } from "./key.ts";
import type { Limits } from "./limits.ts";
import type { KeyId } from "./names.ts";
import { parseKeyId } from "./names.ts";
import { mlDsaKeyType } from "./ml-dsa.ts";
import { findPublicKey } from "./public-key.ts";
import type { Authority } from "./role.ts";

export interface Signature {
  readonly keyId: KeyId;
  /** Hex, as written: it may be empty or nonsense, and then counts for nothing. */
  readonly hex: string;
}

export interface Envelope {
  readonly signed: JsonObject;
  /** The canonical bytes that signatures are over. */
  readonly payload: Uint8Array;
  /** No key id twice. */
  readonly signatures: readonly Signature[];
  /** The whole file's object. */
  readonly file: JsonObject;
}

/** @throws TufError TUF_MALFORMED, TUF_LIMIT_EXCEEDED */
export function parseEnvelope(bytes: Uint8Array, limits: Limits): Envelope {
  const file = asObject(parseJson(bytes), "metadata");
  const list = listAt(file, "signatures", "metadata");
  if (list.length > limits.maxSignatures) {
    throw new TufError("TUF_LIMIT_EXCEEDED", `${list.length} signatures; at most ${limits.maxSignatures}`, {
      details: { got: list.length, wanted: limits.maxSignatures },
    });
  }
  const signatures = list.map((json) => {
    const entry = asObject(json, "signature");
    return { keyId: parseKeyId(stringAt(entry, "keyid", "signature")), hex: stringAt(entry, "sig", "signature") };
  });
  if (new Set(signatures.map(({ keyId }) => keyId)).size !== signatures.length) {
    throw malformed("metadata", "signatures has a key id twice");
  }
  const signed = objectAt(file, "signed", "metadata");
  return { file, signed, signatures, payload: canonicalJson(signed) };
}

/** The ids of the authority's keys that signed, each key material once. */
export function validSignatures(envelope: Envelope, by: Authority): readonly KeyId[] {
  const allowed = new Set(by.role.keyIds);
  const counted = new Map<string, KeyId>();
  for (const { keyId, hex } of envelope.signatures) {
    const listed = allowed.has(keyId) ? by.keys.get(keyId) : undefined;
    const key = listed === undefined ? undefined : findPublicKey(listed);
    if (key !== undefined && !counted.has(key.material) && verifies(key, envelope.payload, hex)) {
      counted.set(key.material, keyId);
    }
  }
  return [...counted.values()];
}

/** @throws TufError TUF_THRESHOLD_NOT_MET */
export function verifyThreshold(envelope: Envelope, by: Authority, role: string): void {
  const counted = validSignatures(envelope, by);
  const needed = by.role.threshold;
  if (counted.length < needed) throw notMet({ role, by, counted, needed, of: "its keys" });
  for (const [family, wanted] of by.role.families ?? []) {
    const ofFamily = counted.filter((id) => findPublicKey(by.keys.get(id))?.family === family);
    if (ofFamily.length < wanted)
      throw notMet({ role, by, counted: ofFamily, needed: wanted, of: `its ${family} keys` });
  }
}

interface Unmet {
  readonly role: string;
  readonly by: Authority;
  readonly counted: readonly KeyId[];
  readonly needed: number;
  readonly of: string;
}

function notMet({ role, by, counted, needed, of }: Unmet): TufError {
  const unusable = by.role.keyIds.filter(
    (id) => by.keys.get(id)?.keyType === mlDsaKeyType && !isUsable(by.keys.get(id)),
  );
  const hint =
    unusable.length === 0 ? "" : `; ML-DSA keys that this Node cannot use: ${unusable.length} (24.7 and newer can)`;
  const message = `${role} is signed by ${counted.length} of ${of}; wanted ${needed}${hint}`;
  return new TufError("TUF_THRESHOLD_NOT_MET", message, {
    details: { role, got: counted.length, wanted: needed, keyIds: counted },
  });
}

function isUsable(key: Key | undefined): boolean {
  return findPublicKey(key) !== undefined;
}

function verifies(key: NonNullable<ReturnType<typeof findPublicKey>>, payload: Uint8Array, hex: string): boolean {
  return /^(?:[0-9a-fA-F]{2})+$/.test(hex) && key.verifies(payload, Buffer.from(hex, "hex"));
}
