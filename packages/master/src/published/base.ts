/**
 * The publisher verifies too. The published release becomes the base of the next one only if it meets TUF's rules, from
 * this publisher's pinned root, and is not older than its record; otherwise an attacker with access to the registry
 * could get old or foreign targets signed again. Expiry is ignored here (the time is set to the epoch), because a
 * publisher must be able to renew expired metadata. `open-base.ts` makes further checks of other publishers' releases.
 */
import { digestOf, type Digest } from "@dtuf/registry";
import { metadataFileName } from "@dtuf/format";
import {
  TufError,
  type Root,
  type Snapshot,
  type Targets,
  type Timestamp,
  type TopLevelRole,
  type Trusted,
  type TrustedSet,
  type LeftOutRoots,
} from "@dtuf/tuf";
import type { ReleaseVersions } from "../contract/contract.ts";
import { MasterError } from "../errors.ts";
import type { SignedFile } from "../documents/plan.ts";
import { readPublished, type Published } from "./published.ts";
import { extendChain, openHandedOver, readRoots, walkRoots, type Roots } from "./root-chain.ts";
import type { Operation } from "../state/operation.ts";
import type { LastRelease, State } from "../state/state.ts";

/** The base of the next release: verified, and not older than the record. */
export interface Base {
  /** Every root known, oldest first. */
  readonly roots: readonly SignedFile[];
  /** Version of the pinned root. */
  readonly pin: number;
  readonly root: Trusted<Root>;
  readonly timestamp: Trusted<Timestamp>;
  readonly snapshot: Trusted<Snapshot>;
  readonly targets: Trusted<Targets>;
  /** The release that `latest` names; undefined if there is none. */
  readonly release: Digest | undefined;
}

export function versionsOf(base: Pick<Base, TopLevelRole>): ReleaseVersions {
  return {
    root: base.root.signed.version,
    timestamp: base.timestamp.signed.version,
    snapshot: base.snapshot.signed.version,
    targets: base.targets.signed.version,
  };
}

/** The release last published or accepted here, from the disk. @throws MasterError MASTER_STATE_INVALID; TufError */
export async function openRecorded(operation: Operation, release: Digest | undefined): Promise<Base> {
  const { files } = operation;
  const state = operation.state();
  const roots = await readRoots(operation, state);
  const set = walkRoots(roots);
  set.updateTimestamp(await files.readMetadata(state.head.timestamp));
  set.updateSnapshot(await files.readSnapshot(state), "source");
  set.updateTargets(await files.readMetadata(state.head.targets));
  return complete(set, roots, release);
}

/**
 * The release that `latest` names, verified from the record's pinned root and compared with the record.
 * @throws TufError (TUF_ROLLBACK if the registry has an older release); MasterError; OciError; FormatError
 */
export async function openPublished(operation: Operation, published: Published, state: State): Promise<Base> {
  const roots = await extendChain(operation, published, await readRoots(operation, state));
  const set = walkRoots(roots);
  // Before the first publication `head` is what was signed here and never sent.
  await take(operation, published, { set, head: state.published === undefined ? undefined : state.head });
  return complete(set, roots, published.release);
}

/** The same without a record: from the roots that the caller passes. */
export async function openUnrecorded(
  operation: Operation,
  published: Published,
  root: Uint8Array,
): Promise<Base & { readonly leftOut: LeftOutRoots | undefined }> {
  const handedOver = await openHandedOver(operation, published, root);
  const roots = await extendChain(operation, published, handedOver);
  const set = walkRoots(roots);
  await take(operation, published, { set });
  return { ...complete(set, roots, published.release), leftOut: handedOver.leftOut };
}

/** Updates the set with the published files, each after the recorded file that it is compared with. */
async function take(
  operation: Operation,
  published: Published,
  { set, head }: { set: TrustedSet; head?: LastRelease | undefined },
): Promise<void> {
  const read = (role: "timestamp" | "snapshot" | "targets"): Promise<Uint8Array> => {
    const { maxBytes } = set.wanted(role);
    return readPublished(operation, published, { name: metadataFileName(role, signedVersion(set, role)), maxBytes });
  };

  recall(head && (await operation.files.readMetadata(head.timestamp)), (file) => set.updateTimestamp(file));
  const timestamp = await read("timestamp");
  if (set.updateTimestamp(timestamp) === "unchanged" && set.timestamp !== undefined) {
    verifyNoFork(set.timestamp, timestamp);
  }
  const known = head === undefined ? undefined : await operation.files.readSnapshot({ head });
  recall(known, (file) => set.updateSnapshot(file, "cache"));
  const snapshot = await read("snapshot");
  // The recorded file is kept open.
  set.updateSnapshot(known !== undefined && Buffer.compare(known, snapshot) === 0 ? known : snapshot, "source");
  set.updateTargets(await read("targets"));
}

/**
 * In an OCI repository the names of all files except the timestamp contain the version, even if the root says that
 * snapshots are not consistent.
 */
function signedVersion({ timestamp, snapshot }: TrustedSet, role: keyof LastRelease): number | undefined {
  if (role === "timestamp") return undefined;
  return (role === "snapshot" ? timestamp?.signed.snapshot : snapshot?.signed.meta.get("targets.json"))?.version;
}

/** Keys that a newer root replaced are not trusted any more: files that they signed are ignored (TUF 5.3.11). */
export function recall(file: Uint8Array | undefined, update: (file: Uint8Array) => unknown): void {
  try {
    if (file !== undefined) update(file);
  } catch (error) {
    if (!TufError.is(error) || error.code !== "TUF_THRESHOLD_NOT_MET") throw error;
  }
}

/** Two publishers each moved the tag between the other's check and move. People must decide which one counts. */
function verifyNoFork({ bytes, signed }: Trusted<Timestamp>, published: Uint8Array): void {
  if (Buffer.compare(bytes, published) === 0) return;
  throw new MasterError(
    "MASTER_BASE_UNEXPECTED",
    `another publisher replaced the timestamp of version ${signed.version} that was published from here`,
    { details: { version: signed.version, wanted: digestOf(bytes), got: digestOf(published) } },
  );
}

function complete(set: TrustedSet, { older, chain }: Roots, release: Digest | undefined): Base {
  const { root, timestamp, snapshot, targets } = set;
  if (timestamp === undefined || snapshot === undefined || targets === undefined) throw new TypeError("not complete");
  const roots = [...older, ...chain];
  return { roots, pin: chain[0]?.version ?? root.signed.version, root, timestamp, snapshot, targets, release };
}
