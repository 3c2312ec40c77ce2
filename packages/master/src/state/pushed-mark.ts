import { snapshotMetaSha256 } from "@dtuf/tuf";

/**
 * The SHA-256 that says whether the published targets are those that were pushed: of the snapshot's list, which every
 * renewal of the snapshot keeps. The file of targets alone would not do: a delegated role or a hash bin can change without it.
 */
export function pushedMark(snapshot: Uint8Array): string {
  return snapshotMetaSha256(snapshot);
}
