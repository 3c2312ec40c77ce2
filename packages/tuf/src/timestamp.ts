import type { MetaFile } from "./file-info.ts";
import type { SignedFields } from "./signed.ts";

export interface Timestamp extends SignedFields {
  readonly type: "timestamp";
  readonly snapshot: MetaFile;
}
