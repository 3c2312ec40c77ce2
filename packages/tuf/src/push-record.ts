/**
 * A publisher's statement about the newest snapshot, transferred by another way than the registry (docs/format.md, section 12).
 * It is signed by the threshold of the targets role, under its own `_type`, so that its signatures are never valid for metadata.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical.ts";
import { signAll } from "./document.ts";
import { verifyThreshold, parseEnvelope } from "./envelope.ts";
import { TufError } from "./errors.ts";
import { countAt, malformed, objectAt, positiveAt, stringAt } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { defaultLimits, pushRecordMaxBytes } from "./limits.ts";
import type { Authority } from "./role.ts";
import { encodeInstant, parseInstant } from "./signed.ts";
import type { Signer } from "./signer.ts";

export interface PushRecord {
  /** In whole seconds, like `until`. */
  readonly made: Date;
  /** From this instant on, the record renews nothing. */
  readonly until: Date;
  /** The newest root, which ties the record to one repository at any location. SHA-256 of the file, in hex. */
  readonly root: { readonly version: number; readonly sha256: string };
  readonly targets: { readonly version: number };
  readonly snapshot: {
    readonly version: number;
    readonly sha256: string;
    /** SHA-256 of the snapshot's `meta` (`snapshotMetaSha256`): every snapshot that renews this one has the same. */
    readonly metaSha256: string;
  };
}

export const pushRecordType = "dtuf-record";

/** @throws TufError TUF_SIGNER_MISMATCH; TUF_MALFORMED if readers would refuse the record */
export async function signPushRecord(record: PushRecord, signers: readonly Signer[]): Promise<Uint8Array> {
  const signed = encodePushRecord(record);
  parsePushRecord(signed);
  const payload = canonicalJson(signed);
  const signatures = await signAll(payload, signers);
  const text = Buffer.from(payload).toString();
  return new TextEncoder().encode(`{"signatures":${JSON.stringify(signatures)},"signed":${text}}\n`);
}

/**
 * Reads a record and verifies that the authority's threshold of keys signed it. `until` is not verified.
 * @param by the targets role of a trusted root
 * @throws TufError TUF_LIMIT_EXCEEDED, TUF_MALFORMED, TUF_TYPE_MISMATCH, TUF_THRESHOLD_NOT_MET
 */
export function verifyPushRecord(file: Uint8Array, by: Authority): PushRecord {
  if (file.length > pushRecordMaxBytes) {
    throw new TufError("TUF_LIMIT_EXCEEDED", `the record is ${file.length} bytes; at most ${pushRecordMaxBytes}`, {
      details: { got: file.length, wanted: pushRecordMaxBytes },
    });
  }
  try {
    const envelope = parseEnvelope(file, defaultLimits);
    verifyThreshold(envelope, by, "it");
    return parsePushRecord(envelope.signed);
  } catch (cause) {
    if (!TufError.is(cause)) throw cause;
    throw new TufError(cause.code, `the record of a push: ${cause.message}`, { details: cause.details, cause });
  }
}

/** SHA-256 in hex of the canonical JSON of a snapshot's `meta`. @param file signed, and verified by the caller */
export function snapshotMetaSha256(file: Uint8Array): string {
  const { signed } = parseEnvelope(file, defaultLimits);
  return createHash("sha256")
    .update(canonicalJson(objectAt(signed, "meta", "snapshot")))
    .digest("hex");
}

function encodePushRecord({ made, until, root, targets, snapshot }: PushRecord): JsonObject {
  return {
    _type: pushRecordType,
    format: 1,
    made: encodeInstant(made),
    root: { sha256: root.sha256, version: root.version },
    snapshot: { meta_sha256: snapshot.metaSha256, sha256: snapshot.sha256, version: snapshot.version },
    targets: { version: targets.version },
    until: encodeInstant(until),
  };
}

const where = "signed";

function parsePushRecord(signed: JsonObject): PushRecord {
  const type = stringAt(signed, "_type", where).slice(0, 80);
  if (type !== pushRecordType) {
    throw new TufError("TUF_TYPE_MISMATCH", `_type is ${JSON.stringify(type)}; wanted "${pushRecordType}"`, {
      details: { got: type, wanted: pushRecordType },
    });
  }
  const format = countAt(signed, "format", where);
  if (format !== 1) throw malformed(where, `format is ${format}; wanted 1`);
  const made = instantAt(signed, "made");
  const until = instantAt(signed, "until");
  if (until <= made) throw malformed(where, "until is not after made");
  const root = objectAt(signed, "root", where);
  const snapshot = objectAt(signed, "snapshot", where);
  return {
    made,
    until,
    root: { version: positiveAt(root, "version", where), sha256: sha256At(root, "sha256") },
    targets: { version: positiveAt(objectAt(signed, "targets", where), "version", where) },
    snapshot: {
      version: positiveAt(snapshot, "version", where),
      sha256: sha256At(snapshot, "sha256"),
      metaSha256: sha256At(snapshot, "meta_sha256"),
    },
  };
}

/** Records have one form, because only dtuf writes them. */
function instantAt(object: JsonObject, name: string): Date {
  const text = stringAt(object, name, where);
  const instant = parseInstant(text, where, name);
  if (encodeInstant(instant) !== text) throw malformed(where, `${name} is not in whole seconds of UTC`);
  return instant;
}

function sha256At(object: JsonObject, name: string): string {
  const value = stringAt(object, name, where);
  if (!/^[0-9a-f]{64}$/.test(value)) throw malformed(where, `${name} is not a SHA-256 in hex`);
  return value;
}
