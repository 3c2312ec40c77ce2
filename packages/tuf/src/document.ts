import type { Limits } from "./limits.ts";
import type { KeyId, TopLevelRole } from "./names.ts";
import type { Authority } from "./role.ts";
import type { Root } from "./root.ts";
import type { Signer } from "./signer.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Targets } from "./targets.ts";
import type { Timestamp } from "./timestamp.ts";

/** By kind: what `_type` says. A delegated role's file is of kind "targets". */
export interface DocumentOf {
  readonly root: Root;
  readonly timestamp: Timestamp;
  readonly snapshot: Snapshot;
  readonly targets: Targets;
}

export type Document = Root | Timestamp | Snapshot | Targets;

/** Reads a file WITHOUT checking any signature. */
export function parseUnverified<K extends TopLevelRole>(
  _file: Uint8Array,
  _kind: K,
  _limits: Partial<Limits> = {},
): DocumentOf[K] {
  throw new Error("not yet");
}

/** Reads a file after checking that the authority's threshold of keys signed it. Neither version nor expiry is looked at. */
export function verifyDocument<K extends TopLevelRole>(_file: Uint8Array, _by: Authority, _kind: K): DocumentOf[K] {
  throw new Error("not yet");
}

/** The ids, among the authority's, of the keys whose signature on the file is good; each key material once. For ceremonies. */
export function findValidSignatures(_file: Uint8Array, _by: Authority): readonly KeyId[] {
  throw new Error("not yet");
}

export function signDocument(_document: Document, _signers: readonly Signer[]): Promise<Uint8Array> {
  throw new Error("not yet");
}

export function addSignatures(_file: Uint8Array, _signers: readonly Signer[]): Promise<Uint8Array> {
  throw new Error("not yet");
}
