import type { MetaFile } from "./file-info.ts";
import type { SignedFields } from "./signed.ts";

export interface Snapshot extends SignedFields {
  readonly type: "snapshot";
  /** By file name: `targets.json`, `<role>.json`. */
  readonly meta: ReadonlyMap<string, MetaFile>;
}
