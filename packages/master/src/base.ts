/**
 * The publisher verifies too. What is published becomes the base of the next release only through TUF's own rules, from
 * this publisher's pinned root and never below its record; otherwise whoever holds the registry could have old or
 * foreign targets signed anew. With a record the instant of judgement is the epoch, at which nothing is expired: the
 * record refuses replays better than expiry does, and a publisher must be able to mend what expired. Without a record
 * what is published must be unexpired, or be the very snapshot that the caller expects.
 */
import { digestHex, digestOf, type Digest } from "@dtuf/registry";
import { metadataFileName } from "@dtuf/format";
import {
  createTrustedSet,
  defaultLimits,
  TufError,
  type Root,
  type Snapshot,
  type Targets,
  type Timestamp,
  type Trusted,
  type TrustedSet,
} from "@dtuf/tuf";
import type { ReleaseVersions } from "./contract.ts";
import { MasterError } from "./errors.ts";
import { versionJumpMax } from "./limits.ts";
import type { SignedFile } from "./plan.ts";
import { readPublished, type Published } from "./published.ts";
import type { Session } from "./session.ts";
import type { HeadRecord, State } from "./state.ts";

/** What the next release is built on: verified, and not below the record. */
export interface Base {
  /** Every root known, oldest first. */
  readonly roots: readonly SignedFile[];
  readonly root: Trusted<Root>;
  readonly timestamp: Trusted<Timestamp>;
  readonly snapshot: Trusted<Snapshot>;
  readonly targets: Trusted<Targets>;
  /** What `latest` names; undefined: nothing. */
  readonly release: Digest | undefined;
}

/** Roots from the pinned one on, each signed by the one before; and those from before the pin, which nothing vouches for. */
interface Roots {
  readonly older: readonly SignedFile[];
  readonly chain: readonly SignedFile[];
}

const epoch = new Date(0);

export function versionsOf(base: Omit<Base, "roots" | "release">): ReleaseVersions {
  return {
    root: base.root.signed.version,
    timestamp: base.timestamp.signed.version,
    snapshot: base.snapshot.signed.version,
    targets: base.targets.signed.version,
  };
}

/** What was last published or accepted here, as it lies on the disk. @throws MasterError MASTER_STATE_INVALID; TufError */
export async function openRecorded(session: Session, release: Digest | undefined): Promise<Base> {
  const { files } = session;
  const state = session.state();
  const roots = await readRoots(session, state);
  const set = walkRoots(roots);
  set.finishRoot();
  set.updateTimestamp(await files.readMetadata(state.head.timestamp));
  set.updateSnapshot(await files.readMetadata(state.head.snapshot), "source");
  set.updateTargets(await files.readMetadata(state.head.targets));
  return complete(set, roots, release);
}

/**
 * What `latest` names, verified from the pin and compared with the record.
 * @throws TufError (TUF_ROLLBACK where the registry shows something older); MasterError; OciError; FormatError
 */
export async function openPublished(session: Session, published: Published): Promise<Base> {
  const state = session.state();
  const known = await readRoots(session, state);
  verifySamePin(published, known);
  const roots = { ...known, chain: await extendChain(session, published, known) };
  const set = walkRoots(roots);
  set.finishRoot();
  await take(session, published, { set, head: state.head });
  const base = complete(set, roots, published.release);
  verifyPlausible(versionsOf(base), state);
  return base;
}

/** The same where there is no record: from a root that the caller hands over. */
export async function openUnrecorded(session: Session, published: Published, root: Uint8Array): Promise<Base> {
  const first = createTrustedSet({ root, now: epoch });
  const pin = { version: first.root.signed.version, bytes: root };
  const start = { older: await readOlderRoots(session, published, pin.version), chain: [pin] };
  verifySamePin(published, start);
  const roots = { ...start, chain: await extendChain(session, published, start) };
  const set = walkRoots(roots);
  set.finishRoot();
  await take(session, published, { set });
  const base = complete(set, roots, published.release);
  verifyPlausible(versionsOf(base), undefined);
  return base;
}

/** @throws MasterError MASTER_BASE_EXPIRED */
export function verifyUnexpired(base: Base, now: Date): void {
  for (const { role, signed } of [base.root, base.timestamp, base.snapshot, base.targets]) {
    if (signed.expires > now) continue;
    const expires = signed.expires.toISOString();
    throw new MasterError(
      "MASTER_BASE_EXPIRED",
      `${role} expired on ${expires}, and there is no record here to tell it from a replay`,
      { details: { role, expires, now: now.toISOString() } },
    );
  }
}

/** @param expected a version, or the SHA-256 of the file in hex. @throws MasterError MASTER_BASE_UNEXPECTED */
export function verifyExpectedSnapshot(base: Base, expected: string): void {
  if (!/^(?:[1-9][0-9]{0,15}|[0-9a-f]{64})$/.test(expected)) {
    throw new TypeError(`expectSnapshot must be a version or a SHA-256 in hex: ${expected}`);
  }
  const got = expected.length === 64 ? digestHex(digestOf(base.snapshot.bytes)) : String(base.snapshot.signed.version);
  if (got === expected) return;
  throw new MasterError("MASTER_BASE_UNEXPECTED", `the published snapshot is ${got}, not ${expected}`, {
    details: { wanted: expected, got },
  });
}

async function readRoots({ files }: Session, state: State): Promise<Roots> {
  const all: SignedFile[] = [];
  for (const root of state.roots) all.push({ version: root.version, bytes: await files.readMetadata(root) });
  return {
    older: all.filter((root) => root.version < state.pin),
    chain: all.filter((root) => root.version >= state.pin),
  };
}

function walkRoots({ chain: [pin, ...more] }: Roots): TrustedSet {
  if (pin === undefined) throw new MasterError("MASTER_STATE_INVALID", "the record has no pinned root");
  const set = createTrustedSet({ root: pin.bytes, now: epoch });
  for (const root of more) set.updateRoot(root.bytes);
  return set;
}

async function extendChain(session: Session, published: Published, roots: Roots): Promise<readonly SignedFile[]> {
  const chain = [...roots.chain];
  let version = (chain.at(-1)?.version ?? 0) + 1;
  for (
    let name = metadataFileName("root", version);
    published.files.has(name);
    name = metadataFileName("root", version)
  ) {
    if (chain.length > defaultLimits.maxRootRotations) throw tooManyRoots();
    chain.push({
      version,
      bytes: await readPublished(session, published, { name, maxBytes: defaultLimits.rootMaxBytes }),
    });
    version++;
  }
  return chain;
}

/** Carried along for clients that are pinned to them; each of those verifies them itself. */
async function readOlderRoots(session: Session, published: Published, pin: number): Promise<readonly SignedFile[]> {
  const older: SignedFile[] = [];
  for (let version = pin - 1; version >= 1 && older.length < defaultLimits.maxRootRotations; version--) {
    const name = metadataFileName("root", version);
    if (!published.files.has(name)) break;
    older.unshift({
      version,
      bytes: await readPublished(session, published, { name, maxBytes: defaultLimits.rootMaxBytes }),
    });
  }
  return older;
}

/** The published files go in, each after the recorded one that it is compared with. */
async function take(
  session: Session,
  published: Published,
  { set, head }: { set: TrustedSet; head?: HeadRecord },
): Promise<void> {
  const read = (role: "timestamp" | "snapshot" | "targets"): Promise<Uint8Array> => {
    const { version, maxBytes } = set.wanted(role);
    return readPublished(session, published, { name: metadataFileName(role, version), maxBytes });
  };
  const recorded = async (role: keyof HeadRecord): Promise<Uint8Array | undefined> =>
    head === undefined ? undefined : session.files.readMetadata(head[role]);

  recall(await recorded("timestamp"), (file) => set.updateTimestamp(file));
  const timestamp = await read("timestamp");
  if (set.updateTimestamp(timestamp) === "unchanged" && set.timestamp !== undefined) {
    verifyNoFork(set.timestamp, timestamp);
  }
  recall(await recorded("snapshot"), (file) => set.updateSnapshot(file, "cache"));
  set.updateSnapshot(await read("snapshot"), "source");
  set.updateTargets(await read("targets"));
}

/** Keys that a newer root replaced count no more: what they signed is forgotten (TUF 5.3.11). */
function recall(file: Uint8Array | undefined, update: (file: Uint8Array) => unknown): void {
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

function verifySamePin({ files }: Published, { chain }: Roots): void {
  const [pin] = chain;
  const found = pin === undefined ? undefined : files.get(metadataFileName("root", pin.version));
  if (pin === undefined || found === undefined || found.digest === digestOf(pin.bytes)) return;
  throw new MasterError("MASTER_BASE_UNEXPECTED", "what is published has another root than the one pinned here", {
    details: { version: pin.version, wanted: digestOf(pin.bytes), got: found.digest },
  });
}

function verifyPlausible(versions: ReleaseVersions, state: State | undefined): void {
  for (const role of ["timestamp", "snapshot", "targets"] as const) {
    const known = state?.signed[role] ?? 0;
    const recorded = Math.max(known, state?.head[role].version ?? 0);
    if (versions[role] - recorded <= versionJumpMax) continue;
    throw new MasterError(
      "MASTER_VERSION_IMPLAUSIBLE",
      `the published ${role} has version ${versions[role]}, the record ${recorded}: was its key stolen?`,
      { details: { role, wanted: recorded, got: versions[role] } },
    );
  }
}

function tooManyRoots(): MasterError {
  const limit = defaultLimits.maxRootRotations;
  return new MasterError("MASTER_METADATA_UNAVAILABLE", `more than ${limit} roots`, { details: { limit } });
}

function complete(set: TrustedSet, { older, chain }: Roots, release: Digest | undefined): Base {
  const { root, timestamp, snapshot, targets } = set;
  if (timestamp === undefined || snapshot === undefined || targets === undefined) throw new TypeError("not complete");
  return { roots: [...older, ...chain], root, timestamp, snapshot, targets, release };
}
