import { objectAt, objectFrom } from "./fields.ts";
import type { MetaFile } from "./file-info.ts";
import { encodeMetaFile, parseMetaFile } from "./file-info.ts";
import type { JsonObject } from "./json.ts";
import type { SignedFields } from "./signed.ts";
import { encodeSignedFields, parseSignedFields, signedFieldNames } from "./signed.ts";

export interface Snapshot extends SignedFields {
  readonly type: "snapshot";
  /** By file name: `targets.json`, `<role>.json`. */
  readonly meta: ReadonlyMap<string, MetaFile>;
}

const known = signedFieldNames("meta");

/** Parses without verifying. @throws TufError */
export function parseSnapshot(signed: JsonObject): Snapshot {
  const fields = parseSignedFields(signed, "snapshot", known);
  const meta = new Map<string, MetaFile>();
  for (const [name, file] of Object.entries(objectAt(signed, "meta", "snapshot"))) {
    meta.set(name, parseMetaFile(file, name));
  }
  return { ...fields, type: "snapshot", meta };
}

export function encodeSnapshot(snapshot: Snapshot): JsonObject {
  return encodeSignedFields(snapshot, "snapshot", { meta: objectFrom(snapshot.meta, encodeMetaFile) });
}
