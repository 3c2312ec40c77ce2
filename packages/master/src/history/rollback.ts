/**
 * Stages the targets of an earlier release again, compared with those that are published now. The release is read from the
 * registry and verified as a client would: signed by the keys of the newest published root, and with the number that was
 * asked for. A key that was replaced may have been stolen, so what it signed is never signed again.
 */
import { metadataFileName, releaseTag } from "@dtuf/format";
import { binNames, TufError, type RoleName, type Snapshot, type TargetPath, type Targets } from "@dtuf/tuf";
import type { PublishOptions } from "../contract/contract.ts";
import type { StagedTarget } from "../contract/targets.ts";
import { describeStaged, isSameTarget, type Staged, type TargetMap } from "../documents/changes.ts";
import { MasterError } from "../errors.ts";
import { findRelease, readPublished, type Published } from "../published/published.ts";
import { openRootSet } from "../published/root-chain.ts";
import { settleClock } from "../release/client-view.ts";
import { openBase } from "../release/open-base.ts";
import { readBinTargets, type PublishedBins } from "../bins/read-bins.ts";
import { encodeDelegationsText } from "../bins/delegations-text.ts";
import type { Operation } from "../state/operation.ts";

export interface RollbackRequest extends Pick<PublishOptions, "base" | "expectSnapshot" | "clock"> {
  readonly release: number;
}

/**
 * @throws MasterError MASTER_CHANGES_STAGED, MASTER_RELEASE_UNKNOWN, MASTER_RELEASE_UNTRUSTED; OciError; FormatError; what
 * `openBase` throws
 */
export async function stageRollback(
  operation: Operation,
  { release, ...choice }: RollbackRequest,
): Promise<readonly StagedTarget[]> {
  if ((await operation.files.countStaged(operation.state())) > 0) throw changesStaged();
  await settleClock(operation, choice.clock);
  const base = await openBase(operation, choice);
  const now = { targets: base.targets.signed, snapshot: base.snapshot.signed };
  const earlier = await openRelease(operation, { release, root: base.root.bytes });
  const { signed, wanted } = await readBoth(operation, now, earlier);
  const changes = differences(signed, wanted);
  if (changes.size > 0) await operation.files.stageTogether(operation.state(), changes);
  return describeStaged(signed, changes);
}

/** What a release has, verified. */
export interface Content {
  /** Of its timestamp. */
  readonly expires: Date;
  readonly targets: Targets;
  readonly snapshot: Snapshot;
}

type Metadata = Pick<Content, "targets" | "snapshot">;

/** What the second changes of the targets of the first. @throws MasterError MASTER_BINS_UNSUPPORTED; TufError; OciError */
export async function compareContents(
  operation: Operation,
  before: Content,
  after: Content,
): Promise<readonly StagedTarget[]> {
  const { signed, wanted } = await readBoth(operation, before, after);
  return describeStaged(signed, differences(signed, wanted));
}

/** The targets of both, with those of the bins that differ. @throws MasterError MASTER_BINS_UNSUPPORTED */
async function readBoth(
  operation: Operation,
  now: Metadata,
  earlier: Metadata,
): Promise<{ readonly signed: TargetMap; readonly wanted: TargetMap }> {
  const bins = binsIn(now);
  const before = binsIn(earlier);
  const [text, old] = [encodeDelegationsText(bins?.delegations), encodeDelegationsText(before?.delegations)];
  if (text !== old) throw otherBins();
  if (bins === undefined || before === undefined)
    return { signed: now.targets.targets, wanted: earlier.targets.targets };
  const sha256 = ({ snapshot }: Metadata, name: RoleName): string | undefined =>
    snapshot.meta.get(`${name}.json`)?.hashes?.get("sha256");
  const changed = [...binNames(bins.delegations.succinct)].filter(
    (name) => sha256(now, name) !== sha256(earlier, name),
  );
  return {
    signed: await readBinTargets(operation, bins, changed),
    wanted: await readBinTargets(operation, before, changed),
  };
}

function binsIn({ targets: { delegations }, snapshot }: Metadata): PublishedBins | undefined {
  return delegations?.kind === "succinct" ? { delegations, snapshot } : undefined;
}

function otherBins(): MasterError {
  const what = "returning to a release with other hash bins or other keys of them, or with none";
  return new MasterError("MASTER_BINS_UNSUPPORTED", `not possible: ${what}`, { details: { what } });
}

function differences(signed: TargetMap, wanted: TargetMap): ReadonlyMap<TargetPath, Staged> {
  const changes = new Map<TargetPath, Staged>();
  for (const path of signed.keys()) if (!wanted.has(path)) changes.set(path, { kind: "delete" });
  for (const [path, file] of wanted) {
    if (!isSameTarget(signed.get(path), file)) changes.set(path, { kind: "put", file });
  }
  return changes;
}

interface Numbered {
  readonly release: number;
  /** The newest. Its keys must have signed. */
  readonly root: Uint8Array;
}

async function openRelease(operation: Operation, numbered: Numbered): Promise<Metadata> {
  const { release } = numbered;
  const found = await findRelease(operation, releaseTag(release));
  if (found === undefined) {
    throw new MasterError("MASTER_RELEASE_UNKNOWN", `release ${release} is not in the registry, or was pruned`, {
      details: { release },
    });
  }
  return verifyRelease(operation, found, numbered);
}

/**
 * Nothing is expired for it, because an earlier release usually is.
 * @throws MasterError MASTER_RELEASE_UNTRUSTED, MASTER_METADATA_UNAVAILABLE; OciError
 */
export async function verifyRelease(operation: Operation, found: Published, numbered: Numbered): Promise<Content> {
  try {
    return await readVerified(operation, found, numbered);
  } catch (cause) {
    if (!TufError.is(cause)) throw cause;
    throw untrusted(numbered.release, cause.message, cause.code);
  }
}

async function readVerified(operation: Operation, found: Published, { release, root }: Numbered): Promise<Content> {
  const set = openRootSet(root);
  const read = (role: "timestamp" | "snapshot" | "targets", version?: number): Promise<Uint8Array> =>
    readPublished(operation, found, {
      name: metadataFileName(role, version),
      maxBytes: set.wanted(role).maxBytes,
    });
  set.updateTimestamp(await read("timestamp"));
  const { version, snapshot, expires } = set.timestamp?.signed ?? {};
  if (version !== release || expires === undefined)
    throw untrusted(release, `its timestamp has version ${version}`, "TUF_VERSION_MISMATCH");
  set.updateSnapshot(await read("snapshot", snapshot?.version), "source");
  set.updateTargets(await read("targets", set.snapshot?.signed.meta.get("targets.json")?.version));
  if (set.targets === undefined || set.snapshot === undefined) throw new TypeError("the targets were not loaded");
  return { expires, targets: set.targets.signed, snapshot: set.snapshot.signed };
}

function changesStaged(): MasterError {
  return new MasterError("MASTER_CHANGES_STAGED", "targets are staged: publish or drop them first");
}

function untrusted(release: number, why: string, code: string): MasterError {
  return new MasterError("MASTER_RELEASE_UNTRUSTED", `release ${release} is not taken: ${why}`, {
    details: { release, code },
  });
}
