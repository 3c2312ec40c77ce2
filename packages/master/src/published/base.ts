/**
 * The publisher verifies too. What is published becomes the base of the next release only through TUF's own rules, from
 * this publisher's pinned root and never below its record; otherwise whoever holds the registry could have old or
 * foreign targets signed anew. The instant of judgement here is the epoch, at which nothing is expired, because a publisher
 * must be able to mend what expired; what more is asked of others' releases stands in `open-base.ts`.
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
import type { ReleaseVersions } from "../contract.ts";
import { MasterError } from "../errors.ts";
import type { SignedFile } from "../documents/plan.ts";
import { readPublished, type Published } from "./published.ts";
import { extendChain, openHandedOver, readRoots, walkRoots, type Roots } from "./root-chain.ts";
import type { Operation } from "../state/operation.ts";
import type { LastRelease, State } from "../state/state.ts";

/** What the next release is built on: verified, and not below the record. */
export interface Base {
  /** Every root known, oldest first. */
  readonly roots: readonly SignedFile[];
  /** Version of the pinned one. */
  readonly pin: number;
  readonly root: Trusted<Root>;
  readonly timestamp: Trusted<Timestamp>;
  readonly snapshot: Trusted<Snapshot>;
  readonly targets: Trusted<Targets>;
  /** What `latest` names; undefined: nothing. */
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

/** What was last published or accepted here, as it lies on the disk. @throws MasterError MASTER_STATE_INVALID; TufError */
export async function openRecorded(operation: Operation, release: Digest | undefined): Promise<Base> {
  const { files } = operation;
  const state = operation.state();
  const roots = await readRoots(operation, state);
  const set = walkRoots(roots);
  set.updateTimestamp(await files.readMetadata(state.head.timestamp));
  set.updateSnapshot(await files.readMetadata(state.head.snapshot), "source");
  set.updateTargets(await files.readMetadata(state.head.targets));
  return complete(set, roots, release);
}

/**
 * What `latest` names, verified from the record's pin and compared with what it last saw.
 * @throws TufError (TUF_ROLLBACK where the registry shows something older); MasterError; OciError; FormatError
 */
export async function openPublished(operation: Operation, published: Published, state: State): Promise<Base> {
  const roots = await extendChain(operation, published, await readRoots(operation, state));
  const set = walkRoots(roots);
  await take(operation, published, { set, head: state.head });
  return complete(set, roots, published.release);
}

/** The same where there is no record: from the roots that the caller hands over. */
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

/** The published files go in, each after the recorded one that it is compared with. */
async function take(
  operation: Operation,
  published: Published,
  { set, head }: { set: TrustedSet; head?: LastRelease },
): Promise<void> {
  const read = (role: "timestamp" | "snapshot" | "targets"): Promise<Uint8Array> => {
    const { maxBytes } = set.wanted(role);
    return readPublished(operation, published, { name: metadataFileName(role, signedVersion(set, role)), maxBytes });
  };
  const recorded = async (role: keyof LastRelease): Promise<Uint8Array | undefined> =>
    head === undefined ? undefined : operation.files.readMetadata(head[role]);

  recall(await recorded("timestamp"), (file) => set.updateTimestamp(file));
  const timestamp = await read("timestamp");
  if (set.updateTimestamp(timestamp) === "unchanged" && set.timestamp !== undefined) {
    verifyNoFork(set.timestamp, timestamp);
  }
  recall(await recorded("snapshot"), (file) => set.updateSnapshot(file, "cache"));
  set.updateSnapshot(await read("snapshot"), "source");
  set.updateTargets(await read("targets"));
}

/** An OCI repository names every file but the timestamp with its version, whatever the root says of snapshots. */
function signedVersion({ timestamp, snapshot }: TrustedSet, role: keyof LastRelease): number | undefined {
  if (role === "timestamp") return undefined;
  return (role === "snapshot" ? timestamp?.signed.snapshot : snapshot?.signed.meta.get("targets.json"))?.version;
}

/** Keys that a newer root replaced count no more: what they signed is forgotten (TUF 5.3.11). */
export function recall(file: Uint8Array | undefined, update: (file: Uint8Array) => unknown): void {
  try {
    if (file !== undefined) update(file);
  } catch (error) {
    if (!TufError.is(error) || error.code !== "TUF_THRESHOLD_NOT_MET") throw error;
  }
}

/** Two publishers each moved the tag in the moment between the other's look and move; which one counts is for people. */
function verifyNoFork({ bytes, signed }: Trusted<Timestamp>, published: Uint8Array): void {
  if (Buffer.compare(bytes, published) === 0) return;
  throw new MasterError(
    "MASTER_BASE_UNEXPECTED",
    `another publisher's timestamp of version ${signed.version} stands where the one from here was published`,
    { details: { version: signed.version, wanted: digestOf(bytes), got: digestOf(published) } },
  );
}

function complete(set: TrustedSet, { older, chain }: Roots, release: Digest | undefined): Base {
  const { root, timestamp, snapshot, targets } = set;
  if (timestamp === undefined || snapshot === undefined || targets === undefined) throw new TypeError("not complete");
  const roots = [...older, ...chain];
  return { roots, pin: chain[0]?.version ?? root.signed.version, root, timestamp, snapshot, targets, release };
}
