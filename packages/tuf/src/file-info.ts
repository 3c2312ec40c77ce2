import type { JsonObject } from "./json.ts";

/** What a timestamp or a snapshot says of another metadata file. */
export interface MetaFile {
  readonly version: number;
  /** Bytes. */
  readonly length?: number;
  /** Algorithm to lower-case hex; where present, sha256 or sha512 is among them. */
  readonly hashes?: ReadonlyMap<string, string>;
  readonly unrecognized: JsonObject;
}

/** What a targets role says of a target. */
export interface TargetFile {
  /** Bytes. */
  readonly length: number;
  /** Algorithm to lower-case hex; sha256 or sha512 is among them. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly custom?: JsonObject;
  readonly unrecognized: JsonObject;
}
