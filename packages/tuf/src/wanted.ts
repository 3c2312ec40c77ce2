import type { MetaFile } from "./file-info.ts";
import type { Root } from "./root.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Trusted } from "./trusted.ts";
import { missing } from "./trusted.ts";

/** Known facts about the next file of a role, so that its reader can limit and verify it early. */
export interface WantedFile {
  /** The version in the file's name; missing if the name has none. The version is verified in any case. */
  readonly version?: number;
  readonly length?: number;
  readonly hashes?: ReadonlyMap<string, string>;
  /** The signed length if there is one, but at most the role's limit. */
  readonly maxBytes: number;
}

export function wantedFile({ version, ...meta }: MetaFile, root: Trusted<Root>, limit: number): WantedFile {
  const { length = limit } = meta;
  return { ...(root.signed.consistentSnapshot && { version }), ...meta, maxBytes: Math.min(length, limit) };
}

/** @throws TufError TUF_ROLE_MISSING */
export function metaOf(snapshot: Trusted<Snapshot>, role: string): MetaFile {
  const meta = snapshot.signed.meta.get(`${role}.json`);
  if (meta === undefined) throw missing(role, "the snapshot");
  return meta;
}
