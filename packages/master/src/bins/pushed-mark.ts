import { digestHex, digestOf } from "@dtuf/registry";
import { snapshotMetaSha256, type Targets } from "@dtuf/tuf";

/**
 * The SHA-256 that says whether the published targets are those that were pushed: of the file of targets or, with hash
 * bins, of the snapshot's list, which every renewal of the snapshot keeps. A bin can change without targets.
 */
export function pushedMark(
  { signed, bytes }: { readonly signed: Pick<Targets, "delegations">; readonly bytes: Uint8Array },
  snapshot: Uint8Array,
): string {
  return signed.delegations?.kind === "succinct" ? snapshotMetaSha256(snapshot) : digestHex(digestOf(bytes));
}
