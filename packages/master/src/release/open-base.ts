/**
 * Finds the base of the next release: the record, if nothing else was published since. Another publisher's release must
 * meet TUF's rules and three more: its timestamp has not expired (the registry may replay an old release, and signing
 * above it would make that permanent), its versions are plausible, and it was built on the release in the record. These
 * three are not required if the caller names the expected snapshot; a record of the push replaces the first. The new
 * release is then saved in the record.
 */
import { digestHex, digestOf, emptyConfig, type Digest } from "@dtuf/registry";
import { parseRelease, releaseTag } from "@dtuf/format";
import { parseUnverified, type PushRecord } from "@dtuf/tuf";
import { openPublished, openRecorded, versionsOf, type Base } from "../published/base.ts";
import type { PublishOptions, RefreshOptions } from "../contract/contract.ts";
import { MasterError } from "../errors.ts";
import { lineageMax, versionJumpMax } from "../limits.ts";
import { isUnreadable, readable } from "../published/history.ts";
import { findPublished, latestDigest, taggedDigest, type Published } from "../published/published.ts";
import { findNewest, findNumbered, type Newest } from "../published/successors.ts";
import { extendChain, readRoots } from "../published/root-chain.ts";
import { openPushRecord } from "./push-record.ts";
import { acceptBase, withPublishedRoots } from "./record.ts";
import type { Operation } from "../state/operation.ts";
import type { State } from "../state/state.ts";
import { isTagFixed, moveSecondTags, moveTag } from "./upload.ts";

type Choice = Pick<PublishOptions, "base" | "expectSnapshot" | "clock"> &
  Pick<RefreshOptions, "record"> & {
    /** From this number on, releases are looked for that `latest` does not name yet. */
    readonly from?: number | undefined;
    /** What is to be signed was agreed on by voice: versions of timestamp and snapshot, which others sign, may be enormous. */
    readonly isAgreed?: boolean | undefined;
  };

export interface WantedBase extends Base {
  /** The record of the push that the caller passed; it matches the base. */
  readonly pushRecord?: PushRecord | undefined;
}

export interface OpenedBase extends WantedBase {
  /** Blobs that the registry keeps, because the manifest that was just read there, under a tag, refers to them. */
  readonly stored: ReadonlySet<Digest>;
}

/**
 * @throws MasterError; TufError (TUF_ROLLBACK: the registry has an older release than the record); OciError;
 * FormatError
 */
export async function openBase(operation: Operation, choice: Choice): Promise<OpenedBase> {
  const { base = "published" } = choice;
  const { published, attempt, unmoved, head } = operation.state();
  const from = choice.from ?? (unmoved === true ? head.timestamp.version : undefined);
  if (base === "recorded") await verifySameChain(operation);
  const found = base === "published" ? await findNewest(operation, from) : undefined;
  const stored = new Set(found === undefined ? [] : [emptyConfig, ...found.files.values()].map(({ digest }) => digest));
  if (found === undefined || found.release === published) {
    const latest = found === undefined && base !== "published" ? await latestDigest(operation, "any") : found?.release;
    if (base === "published" && latest === undefined && published !== undefined) throw gone(published);
    return { ...verifyWanted(operation, await openRecorded(operation, latest), choice), stored };
  }
  const open = found.release === attempt?.release ? openOwn : openOthers;
  return { ...(await open(operation, found, choice)), stored };
}

/** Checks the caller's conditions for the base before any of it is saved. */
export function verifyWanted(operation: Operation, base: Base, { expectSnapshot, record, clock }: Choice): WantedBase {
  if (expectSnapshot !== undefined) verifyExpectedSnapshot(base, expectSnapshot);
  if (record === undefined) return base;
  return { ...base, pushRecord: openPushRecord(operation, base, { file: record, clock: clock ?? "checked" }) };
}

/**
 * Publishing on the record repairs damage, but must not overwrite a repository of other roots, because it belongs to
 * somebody else.
 */
async function verifySameChain(operation: Operation): Promise<void> {
  const found = await readable(() => findPublished(operation));
  if (found === undefined) return;
  const roots = await readRoots(operation, withPublishedRoots(operation.state(), found));
  try {
    await extendChain(operation, found, roots);
  } catch (error) {
    if (!isUnreadable(error) || error.code === "MASTER_CHAIN_DIFFERS") throw error;
  }
}

/** Completes a run from here that was interrupted after it moved `latest`. */
async function openOwn(operation: Operation, found: Published, choice: Choice): Promise<WantedBase> {
  const state = operation.state();
  const opened = verifyWanted(
    operation,
    await openPublished(operation, found, withPublishedRoots(state, found)),
    choice,
  );
  const staged = state.attempt?.carries === "staged" ? await operation.files.readStagedRoles(state) : [];
  for (const [name, change] of staged) {
    if (change.kind === "revoke") continue;
    await moveSecondTags(operation, [{ name, version: parseUnverified(change.metadata, "targets").version }]);
  }
  await acceptBase(operation, opened);
  return opened;
}

async function openOthers(operation: Operation, found: Newest, choice: Choice): Promise<WantedBase> {
  const state = operation.state();
  const opened = verifyWanted(operation, await openPublished(operation, found, state), choice);
  if (!namesSnapshot(choice.expectSnapshot)) {
    verifyPlausible(opened, state, choice.isAgreed === true ? ["targets"] : undefined);
    if (opened.pushRecord === undefined) verifyUnexpired(opened, ["timestamp"], operation.now);
    await verifyLineage(operation, found, opened);
  }
  await giveNumberBack(operation, found);
  await acceptBase(operation, opened, found.tag === "release");
  return opened;
}

/**
 * Both publishers may have found a number free before either put its release there. The one that was not first, which
 * is this one, moved the tag of that number, and moves it back. Also after it was killed.
 */
async function giveNumberBack(operation: Operation, found: Published): Promise<void> {
  const { attempt, signed } = operation.state();
  if (attempt === undefined || operation.store.swapTag !== undefined) return;
  const tag = releaseTag(signed.timestamp);
  if ((await taggedDigest(operation, tag, "any")) !== attempt.release) return;
  const owner = await findNumbered(operation, found.release, signed.timestamp);
  if (owner !== undefined && owner.descriptor.digest !== attempt.release) {
    await isTagFixed(() => moveTag(operation, tag, owner));
  }
}

/** A minimum names no snapshot: only the registry says which one above it is the newest. */
export function namesSnapshot(expected: string | undefined): boolean {
  return expected !== undefined && !expected.startsWith(">");
}

/**
 * @param expected a version, a minimum version (`>=N`, `>N`), or the SHA-256 of the file. @throws MasterError
 * MASTER_BASE_UNEXPECTED
 */
export function verifyExpectedSnapshot(base: Base, expected: string): void {
  const [, floor, version, sha256] = /^(?:(>=?)?([1-9][0-9]{0,15})|(?:sha256:)?([0-9a-f]{64}))$/.exec(expected) ?? [];
  if (version === undefined && sha256 === undefined) {
    throw new TypeError(`expectSnapshot must be a version or a SHA-256 in hex: ${expected}`);
  }
  const found = base.snapshot.signed.version;
  if (floor !== undefined && (floor === ">" ? found > Number(version) : found >= Number(version))) return;
  const got = sha256 === undefined ? String(found) : digestHex(digestOf(base.snapshot.bytes));
  if (floor === undefined && got === (sha256 ?? version)) return;
  throw new MasterError("MASTER_BASE_UNEXPECTED", `the published snapshot is ${got}, not ${expected}`, {
    details: { wanted: expected, got },
  });
}

/** @throws MasterError MASTER_BASE_EXPIRED */
export function verifyUnexpired(
  base: Base,
  roles: readonly ("root" | "timestamp" | "snapshot" | "targets")[],
  now: Date,
): void {
  for (const role of roles) {
    if (base[role].signed.expires > now) continue;
    const expires = base[role].signed.expires.toISOString();
    const snapshot = base.snapshot.signed.version;
    throw new MasterError(
      "MASTER_BASE_EXPIRED",
      `the ${role} of the published snapshot ${snapshot} expired on ${expires}: it may be a replay`,
      { details: { role, expires, snapshot, now: now.toISOString() } },
    );
  }
}

/** @param record undefined if there is no record. @throws MasterError MASTER_VERSION_IMPLAUSIBLE */
export function verifyPlausible(
  base: Base,
  record: Pick<State, "signed" | "head"> | undefined,
  roles: readonly ("timestamp" | "snapshot" | "targets")[] = ["timestamp", "snapshot", "targets"],
): void {
  const versions = versionsOf(base);
  for (const role of roles) {
    const known = record === undefined ? 0 : Math.max(record.signed[role], record.head[role].version);
    if (versions[role] - known <= versionJumpMax) continue;
    throw new MasterError(
      "MASTER_VERSION_IMPLAUSIBLE",
      `the published ${role} has version ${versions[role]}, the record ${known}: was its key stolen?`,
      { details: { role, wanted: known, got: versions[role] } },
    );
  }
}

/**
 * Two publishers that move the tag between each other's check and move both believe that they published. Every release
 * names the one it was built on: if the recorded one is not among those, the other publisher overwrote it. Only an
 * honest registry shows this, and only while it has the manifests; a registry that lies about them gains no more than
 * one that denies service.
 * @throws MasterError MASTER_BASE_UNEXPECTED
 */
async function verifyLineage(operation: Operation, found: Published, base: Base): Promise<void> {
  const { store, signal } = operation;
  const { published, head } = operation.state();
  if (published === undefined) return;
  // Every step goes back by at least one version, so that `steps` of them reach the recorded release.
  const steps = base.timestamp.signed.version - head.timestamp.version;
  let { predecessor } = found;
  for (let step = 1; step <= Math.min(steps, lineageMax); step++) {
    if (predecessor === undefined || predecessor === published) return;
    if (step === steps) throw overwritten(base, published);
    const before = await store.resolve(predecessor, { want: "bytes", signal });
    if (before?.bytes === undefined) return;
    ({ predecessor } = parseRelease(before.bytes));
  }
}

function overwritten({ snapshot }: Base, published: Digest): MasterError {
  const { version } = snapshot.signed;
  return new MasterError(
    "MASTER_BASE_UNEXPECTED",
    `another publisher's snapshot ${version} was not built on the release that was published from here`,
    { details: { wanted: published, got: String(version) } },
  );
}

function gone(published: Digest): MasterError {
  return new MasterError(
    "MASTER_BASE_UNEXPECTED",
    "the registry has no `latest`, but the record says it was published",
    { details: { wanted: published } },
  );
}
