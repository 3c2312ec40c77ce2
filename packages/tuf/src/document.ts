/**
 * Converts between files and documents. A document is parsed by the reading rules before it is signed, so that no publisher
 * signs a document that clients refuse. A signature is verified against its key before it is written.
 */
import { crypto } from "@sigstore/core";
import { TufError } from "./errors.ts";
import type { Envelope } from "./envelope.ts";
import { verifyThreshold, parseEnvelope, validSignatures } from "./envelope.ts";
import { canonicalJson } from "./canonical.ts";
import { asObject } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { parseJson } from "./json.ts";
import type { Limits } from "./limits.ts";
import { defaultLimits } from "./limits.ts";
import type { KeyId, TopLevelRole } from "./names.ts";
import { findPublicKey } from "./public-key.ts";
import type { Authority } from "./role.ts";
import type { Root } from "./root.ts";
import { encodeRoot, parseRoot } from "./root.ts";
import type { Signer } from "./signer.ts";
import type { Snapshot } from "./snapshot.ts";
import { encodeSnapshot, parseSnapshot } from "./snapshot.ts";
import type { Targets } from "./targets.ts";
import { encodeTargets, parseTargets } from "./targets.ts";
import type { Timestamp } from "./timestamp.ts";
import { encodeTimestamp, parseTimestamp } from "./timestamp.ts";

/** By kind: the value of `_type`. A delegated role's file is of kind "targets". */
export interface DocumentOf {
  readonly root: Root;
  readonly timestamp: Timestamp;
  readonly snapshot: Snapshot;
  readonly targets: Targets;
}

export type Document = Root | Timestamp | Snapshot | Targets;

const parsers: { readonly [K in TopLevelRole]: (signed: JsonObject, limits: Limits) => DocumentOf[K] } = {
  root: parseRoot,
  timestamp: parseTimestamp,
  snapshot: parseSnapshot,
  targets: parseTargets,
};

/** What was parsed by the default limits. Of files that are kept open, `signed` is the same object each time. */
const parsed = new WeakMap<JsonObject, Partial<DocumentOf>>();

/** The document inside an envelope. @throws TufError TUF_MALFORMED, TUF_TYPE_MISMATCH, … */
export function parseSigned<K extends TopLevelRole>(signed: JsonObject, kind: K, limits: Limits): DocumentOf[K] {
  if (limits !== defaultLimits) return parsers[kind](signed, limits);
  const known: Partial<DocumentOf> = parsed.get(signed) ?? {};
  const document = known[kind] ?? parsers[kind](signed, limits);
  parsed.set(signed, { ...known, [kind]: document });
  return document;
}

/** Maximum size of a role's file in bytes. */
export function maxBytesOf(kind: TopLevelRole, limits: Limits): number {
  return limits[`${kind}MaxBytes`];
}

/** Opens a file of a kind after its size was verified. @throws TufError TUF_LIMIT_EXCEEDED, TUF_MALFORMED */
export function openFile(file: Uint8Array, kind: TopLevelRole, limits: Limits): Envelope {
  const wanted = maxBytesOf(kind, limits);
  if (file.length > wanted) {
    throw new TufError("TUF_LIMIT_EXCEEDED", `${kind} metadata is ${file.length} bytes; at most ${wanted}`, {
      details: { role: kind, got: file.length, wanted },
    });
  }
  return parseEnvelope(file, limits);
}

/** Reads a file WITHOUT verifying any signature. @throws TufError TUF_MALFORMED, TUF_LIMIT_EXCEEDED, TUF_TYPE_MISMATCH, … */
export function parseUnverified<K extends TopLevelRole>(
  file: Uint8Array,
  kind: K,
  limits: Partial<Limits> = defaultLimits,
): DocumentOf[K] {
  const bounds = limits === defaultLimits ? defaultLimits : { ...defaultLimits, ...limits };
  return parseSigned(openFile(file, kind, bounds).signed, kind, bounds);
}

/**
 * Reads a file and verifies that the authority's threshold of keys signed it. Version and expiry are not verified.
 * @throws TufError TUF_THRESHOLD_NOT_MET, and the errors of `parseUnverified`
 */
export function verifyDocument<K extends TopLevelRole>(file: Uint8Array, by: Authority, kind: K): DocumentOf[K] {
  const envelope = openFile(file, kind, defaultLimits);
  verifyThreshold(envelope, by, kind);
  return parseSigned(envelope.signed, kind, defaultLimits);
}

/** Returns the ids of the authority's keys with a valid signature on the file; keys with the same material count once. For ceremonies. */
export function findValidSignatures(file: Uint8Array, by: Authority): readonly KeyId[] {
  return validSignatures(parseEnvelope(file, defaultLimits), by);
}

/**
 * Encodes the document's file, signed by each signer. The same document and signatures give the same bytes.
 * @throws TufError TUF_SIGNER_MISMATCH if a signature does not verify with its key; TUF_MALFORMED, TUF_NAME_INVALID, … if clients
 *   would refuse the document
 */
export async function signDocument(document: Document, signers: readonly Signer[]): Promise<Uint8Array> {
  const text = JSON.stringify(encodeDocument(document));
  const signed = asObject(parseJson(Buffer.from(text)), document.type);
  parseSigned(signed, document.type, defaultLimits);
  const payload = canonicalJson(signed);
  const signatures = await signAll(payload, signers);
  const written = isJsonText(payload) ? Buffer.from(payload).toString() : text;
  return new TextEncoder().encode(`{"signatures":${JSON.stringify(signatures)},"signed":${written}}`);
}

/** Writes canonical JSON, which is faster to verify, except that line breaks of PEM keys, which it does not escape, are escaped. */
function isJsonText(payload: Uint8Array): boolean {
  return payload.every((byte) => byte >= 0x20);
}

/**
 * Returns the file with additional signatures. Existing signatures stay, unless a new one has the same key id, and so do the
 * signed bytes. @throws TufError TUF_SIGNER_MISMATCH, TUF_MALFORMED
 */
export async function addSignatures(file: Uint8Array, signers: readonly Signer[]): Promise<Uint8Array> {
  const envelope = parseEnvelope(file, defaultLimits);
  const added = await signAll(envelope.payload, signers);
  const replaced = new Set<string>(added.map(({ keyid }) => keyid));
  const kept = envelope.signatures.filter(({ keyId }) => !replaced.has(keyId));
  const signatures = [...kept.map(({ keyId, hex }) => ({ keyid: keyId, sig: hex })), ...added];
  return new TextEncoder().encode(JSON.stringify({ ...envelope.file, signatures }));
}

/** SHA-256, in hex, of what signatures of the file are over. @throws TufError TUF_MALFORMED */
export function signedSha256(file: Uint8Array): string {
  return crypto.digest("sha256", Buffer.from(parseEnvelope(file, defaultLimits).payload)).toString("hex");
}

/**
 * Returns the file with the valid signatures of both files. All others are dropped, so that nobody can fill a file with
 * signatures that do not count.
 * @throws TufError TUF_MALFORMED; TUF_HASH_MISMATCH if the files differ in what is signed
 */
export function mergeSignatures(file: Uint8Array, other: Uint8Array, by: readonly Authority[]): Uint8Array {
  const [mine, theirs] = [parseEnvelope(file, defaultLimits), parseEnvelope(other, defaultLimits)];
  if (Buffer.compare(mine.payload, theirs.payload) !== 0) {
    throw new TufError("TUF_HASH_MISMATCH", "the files differ in what is signed");
  }
  const valid = new Map<KeyId, string>();
  for (const envelope of [theirs, mine]) {
    const counted = new Set(by.flatMap((authority) => validSignatures(envelope, authority)));
    for (const { keyId, hex } of envelope.signatures) if (counted.has(keyId)) valid.set(keyId, hex);
  }
  const signatures = [...valid].map(([keyid, sig]) => ({ keyid, sig }));
  return new TextEncoder().encode(JSON.stringify({ ...mine.file, signatures }));
}

/**
 * Returns the file with those of its signatures that these keys made, and nothing else beside what is signed: nobody can make it
 * longer. The same bytes if there is nothing to leave out. @throws TufError TUF_MALFORMED
 */
export function trimFile(file: Uint8Array, keyIds: ReadonlySet<KeyId>): Uint8Array {
  const { signed, signatures } = parseEnvelope(file, defaultLimits);
  const kept = signatures.flatMap(({ keyId, hex }) => (keyIds.has(keyId) ? [{ keyid: keyId, sig: hex }] : []));
  const trimmed = new TextEncoder().encode(JSON.stringify({ signatures: kept, signed }));
  return trimmed.length < file.length ? trimmed : file;
}

export function encodeDocument(document: Document): JsonObject {
  switch (document.type) {
    case "root":
      return encodeRoot(document);
    case "timestamp":
      return encodeTimestamp(document);
    case "snapshot":
      return encodeSnapshot(document);
    case "targets":
      return encodeTargets(document);
  }
}

/** Verifies each signature before it is returned. @throws TufError TUF_SIGNER_MISMATCH */
export function signAll(payload: Uint8Array, signers: readonly Signer[]): Promise<{ keyid: KeyId; sig: string }[]> {
  const distinct = new Map(signers.map((signer) => [signer.keyId, signer]));
  return Promise.all(
    Array.from(distinct.values(), async (signer) => {
      const { key, keyId } = signer;
      const signature = await signer.sign(payload);
      if (findPublicKey(key)?.verifies(payload, signature) !== true) {
        throw new TufError(
          "TUF_SIGNER_MISMATCH",
          `the signer for key ${keyId} made a signature that this key does not verify`,
          {
            details: { keyId },
          },
        );
      }
      return { keyid: keyId, sig: Buffer.from(signature).toString("hex") };
    }),
  );
}
