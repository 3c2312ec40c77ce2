import { fieldOf, malformed, objectAt } from "./fields.ts";
import type { MetaFile } from "./file-info.ts";
import { encodeMetaFile, parseMetaFile } from "./file-info.ts";
import type { JsonObject } from "./json.ts";
import type { SignedFields } from "./signed.ts";
import { encodeSignedFields, parseSignedFields, signedFieldNames } from "./signed.ts";

export interface Timestamp extends SignedFields {
  readonly type: "timestamp";
  readonly snapshot: MetaFile;
}

const known = signedFieldNames("meta");

/** Parses without verifying. @throws TufError */
export function parseTimestamp(signed: JsonObject): Timestamp {
  const fields = parseSignedFields(signed, "timestamp", known);
  const snapshot = fieldOf(objectAt(signed, "meta", "timestamp"), "snapshot.json");
  if (snapshot === undefined) throw malformed("timestamp", "meta has no snapshot.json");
  return { ...fields, type: "timestamp", snapshot: parseMetaFile(snapshot, "snapshot.json") };
}

export function encodeTimestamp(timestamp: Timestamp): JsonObject {
  return encodeSignedFields(timestamp, "timestamp", {
    meta: { "snapshot.json": encodeMetaFile(timestamp.snapshot) },
  });
}
