import type { MetaFile } from "./file-info.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Trusted } from "./trusted.ts";
import { missing } from "./trusted.ts";

/** What is already known of the next file of a role, so that its reader can be bounded and checked early. */
export interface WantedFile {
  /** Absent for the timestamp: any version may come. */
  readonly version?: number;
  readonly length?: number;
  readonly hashes?: ReadonlyMap<string, string>;
  /** The signed length where there is one, and never above the role's limit. */
  readonly maxBytes: number;
}

export function wantedFile(meta: MetaFile, limit: number): WantedFile {
  return { ...meta, maxBytes: Math.min(meta.length ?? limit, limit) };
}

/** @throws TufError TUF_ROLE_MISSING */
export function metaOf(snapshot: Trusted<Snapshot>, role: string): MetaFile {
  const meta = snapshot.signed.meta.get(`${role}.json`);
  if (meta === undefined) throw missing(role, "the snapshot");
  return meta;
}
