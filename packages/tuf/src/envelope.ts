/**
 * A metadata file as received: its signed part, not yet trusted, and the signatures over it. Signatures are verified over the
 * canonical form of the received bytes, computed once for all keys. A threshold counts distinct key material once: one key
 * under several ids, or one id that signs several times, does not add to it (TUF 1.0.34, 4.2.1 and 5.3.4).
 */
import { crypto } from "@sigstore/core";
import { canonicalJson } from "./canonical.ts";
import { TufError } from "./errors.ts";
import { asObject, listAt, malformed, objectAt, stringAt } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { parseJson } from "./json.ts";
import type { Key } from "./key.ts";
import type { Limits } from "./limits.ts";
import { defaultLimits } from "./limits.ts";
import type { KeyId } from "./names.ts";
import { parseKeyId } from "./names.ts";
import { mlDsaKeyType } from "./ml-dsa.ts";
import { findPublicKey } from "./public-key.ts";
import type { Authority } from "./role.ts";

export interface Signature {
  readonly keyId: KeyId;
  /** In hex, as received. It may be empty or malformed; then it is ignored. */
  readonly hex: string;
}

export interface Envelope {
  readonly signed: JsonObject;
  /** The canonical bytes that signatures are over. */
  readonly payload: Uint8Array;
  /** Each key id at most once. */
  readonly signatures: readonly Signature[];
  /** The object of the whole file. */
  readonly file: JsonObject;
}

/** Files to keep open, each with its hash when it was last opened. */
const kept = new WeakMap<Uint8Array, { readonly sha256: string; readonly envelope: Envelope } | "unopened">();

/**
 * Keeps what the file contains, once it is opened, as long as the caller holds these bytes, so that functions which are given the same
 * bytes again do not parse them again. Signatures and rules are verified each time. Bytes that were changed in place are other
 * bytes: they are hashed at each opening.
 */
export function keepOpen(file: Uint8Array): void {
  if (!kept.has(file)) kept.set(file, "unopened");
}

/** @throws TufError TUF_MALFORMED, TUF_LIMIT_EXCEEDED */
export function parseEnvelope(bytes: Uint8Array, limits: Limits): Envelope {
  const known = kept.get(bytes);
  if (known === undefined || limits !== defaultLimits) return readEnvelope(bytes, limits);
  const sha256 = crypto.digest("sha256", bytes).toString("hex");
  if (known !== "unopened" && known.sha256 === sha256) return known.envelope;
  const envelope = readEnvelope(bytes, limits);
  kept.set(bytes, { sha256, envelope });
  return envelope;
}

function readEnvelope(bytes: Uint8Array, limits: Limits): Envelope {
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

/** Returns the ids of the authority's keys that signed; keys with the same material count once. */
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
  const hint = unusable.length === 0 ? "" : `; ${unusable.length} ML-DSA keys need Node 24.7 or newer`;
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
