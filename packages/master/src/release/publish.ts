/**
 * Publishing moves one tag. The order: put the target manifests; put the release under its own tag; check that no prune took those
 * manifests, and that `latest` still names the release that this one was built on; move `latest`; check it again. If another publisher was first,
 * the staged changes are applied to its release, with versions above both. The state records what was signed before
 * anything is sent, and the release before `latest` moves, so that the next run after a kill knows what this one did.
 */
import { latestTag, releaseTag, type Artifact } from "@dtuf/format";
import type { Digest, ManifestContent, TagName } from "@dtuf/registry";
import type { PushRecord, TopLevelRole } from "@dtuf/tuf";
import type {
  PublishOptions,
  PublishResult,
  PushMetadataOptions,
  PushResult,
  RefreshOptions,
  RefreshMetadataResult,
} from "../contract/contract.ts";
import type { Base } from "../published/base.ts";
import { settleClock, verifyClock, verifyTakeable } from "./client-view.ts";
import { readDelegated } from "./delegated-expiry.ts";
import { verifyKeptRoles } from "./delegate.ts";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import { MasterError } from "../errors.ts";
import { dropUnneededKeys } from "../keys/key-ring.ts";
import { passedNumbersMax, rebasesMax } from "../limits.ts";
import { openBase, type OpenedBase } from "./open-base.ts";
import { dueRoles, termsOf, type Terms } from "../documents/periods.ts";
import { verifyPromises, verifyStagedBlobs, verifyStagedManifests } from "../published/presence.ts";
import { latestDigest, taggedDigest } from "../published/published.ts";
import { findSuccessor, isBuiltOn } from "../published/successors.ts";
import { makePushRecord, recordStatusOf } from "./push-record.ts";
import { commitRelease } from "./record.ts";
import type { Operation } from "../state/operation.ts";
import { signNextRoot } from "./role-keys.ts";
import { signRelease, type AcceptedFiles, type Draft, type OnlineCoverage, type Coverage } from "./sign.ts";
import type { State } from "../state/state.ts";
import {
  createSent,
  isTagFixed,
  moveTag,
  ownerManifestsOf,
  moveSecondTags,
  putArtifact,
  putArtifacts,
  releaseOf,
  roleArtifacts,
} from "./upload.ts";

/** `makeRecord`: sign a record of the push, for coverage "all". `record`: the record file that the caller passes. */
export type PublishRequest = PublishOptions &
  Pick<RefreshOptions, "record" | "withinMs"> & {
    readonly coverage: "all" | OnlineCoverage | AcceptedCoverage;
    readonly makeRecord?: PushMetadataOptions["record"];
    /** The base, if the caller has just opened it with the same choices. It is opened again if another publisher was first. */
    readonly opened?: OpenedBase | undefined;
  };

/** Files of a proposal: verified against each base again. */
export interface AcceptedCoverage {
  readonly accept: (base: OpenedBase) => Promise<AcceptedFiles>;
}

export type Publication = PushResult & RefreshMetadataResult;

/** @throws MasterError; TufError; OciError; FormatError */
export async function publish(operation: Operation, request: PublishRequest): Promise<Publication> {
  await settleClock(operation, request.clock);
  const builtOn = new Set<Digest | undefined>();
  let from: number | undefined;
  for (let tries = 0; tries <= rebasesMax; tries++) {
    operation.signal?.throwIfAborted();
    const opened = tries === 0 ? request.opened : undefined;
    const base = opened ?? (await openBase(operation, { ...request, from }));
    builtOn.add(base.release);
    if (request.coverage === "all") await signNextRoot(operation, base);
    const prepared = await prepare(operation, base, request);
    const overwrote = isOnRecord(request) ? overwrittenBy(operation, base) : undefined;
    const release = await uploadRelease(operation, { ...prepared, base, request });
    from = base.timestamp.signed.version + 1;
    const number = prepared.draft.versions.timestamp;
    if (release === undefined) continue;
    await verifyStagedManifests(operation, prepared.draft);
    if (!(await moveLatest(operation, base, release))) continue;
    if (!isOnRecord(request) && (await isFollowed(operation, number, release))) continue;
    const rebased = isOnRecord(request) ? 0 : builtOn.size - 1;
    return { ...(await finish(operation, prepared, release)), rebased, overwrote };
  }
  throw new MasterError("MASTER_PUBLISHER_RACE", `another publisher was first, ${rebasesMax + 1} times`, {
    details: { tries: rebasesMax + 1 },
  });
}

/** A publication that was made as far as its first request that writes, with every check that could refuse it. */
export interface PublishPreview extends Pick<PublishResult, "versions" | "changed" | "servedUntil" | "due" | "record"> {
  readonly renewed: readonly TopLevelRole[];
}

/** The same, up to the first request that writes. */
export async function previewRelease(operation: Operation, request: PublishRequest): Promise<PublishPreview> {
  if (request.clock !== "trusted") verifyClock(operation);
  const base = request.opened ?? (await openBase(operation, request));
  if (request.coverage === "all") await signNextRoot(operation, base);
  const { draft, delegated, servedUntil, pushRecord, withinMs } = await prepare(operation, base, request);
  const { versions, changed, renewed } = draft;
  const due = dueRoles([...draft.notRenewed, ...delegated], termsOfDraft(operation, draft), withinMs);
  const record = pushRecord === undefined ? undefined : recordStatusOf(pushRecord, operation.now, withinMs);
  return { versions, changed, renewed, due, servedUntil, record };
}

interface Prepared {
  readonly coverage: Coverage;
  /** Tags of target manifests that the registry has. */
  readonly kept: ReadonlySet<TagName>;
  readonly draft: Draft;
  readonly delegated: State["delegated"];
  readonly servedUntil: Date;
  /** The record that was signed here or passed by the caller. */
  readonly pushRecord: PushRecord | undefined;
  readonly signedRecord: Uint8Array | undefined;
  /** How soon counts as due, if it was said. */
  readonly withinMs: number | undefined;
}

/** Makes all checks that can refuse a release before any part of it is sent. */
async function prepare(operation: Operation, base: OpenedBase, request: PublishRequest): Promise<Prepared> {
  const coverage = await coverageOf(operation, base, request);
  const draft = await signRelease(operation, base, coverage);
  const servedUntil = verifyTakeable(operation, base, draft);
  const content = { targets: draft.targetsDocument, snapshot: draft.snapshotDocument, files: draft.delegated };
  const delegated = await readDelegated(operation, content);
  if (coverage.kind === "accepted" || (coverage.kind === "all" && coverage.keys.length > 0)) {
    const [before, after] = [base.targets.signed.delegations, content.targets.delegations];
    await verifyKeptRoles(operation, { ...content, before, after });
  }
  const kept = await verifyStagedBlobs(operation, draft);
  if (isOnRecord(request)) await verifyPromises(operation, content);
  const { makeRecord, withinMs } = request;
  const made = makeRecord === undefined ? undefined : await makePushRecord(operation, draft, makeRecord);
  const pushRecord = made?.record ?? base.pushRecord;
  return { coverage, kept, draft, delegated, servedUntil, pushRecord, signedRecord: made?.file, withinMs };
}

/** The steps after `latest` was moved. */
async function finish(
  operation: Operation,
  { coverage, draft, delegated, servedUntil, pushRecord, signedRecord, withinMs }: Prepared,
  content: ManifestContent,
): Promise<Omit<Publication, "rebased">> {
  const release = content.descriptor.digest;
  const roles = draft.delegated.filter(({ kind }) => kind !== "bin");
  await moveSecondTags(operation, roles);
  await commitRelease(operation, { draft, release, coverage, delegated, pushRecord });
  if (coverage.kind !== "online") await dropUnneededKeys(operation.keys, draft.root);
  const { versions, changed, renewed } = draft;
  const due = dueRoles([...draft.notRenewed, ...delegated], termsOfDraft(operation, draft), withinMs);
  const record = pushRecord === undefined ? undefined : recordStatusOf(pushRecord, operation.now, withinMs);
  return { release, versions, changed, renewed, due, servedUntil, record, signedRecord };
}

function termsOfDraft(operation: Operation, { root, targetsDocument: targets }: Draft): Terms {
  return termsOf(operation, { root, targets });
}

/** True if the release is built on the record, independent of the published release. */
function isOnRecord({ base }: PublishRequest): boolean {
  return base === "recorded" || base === "replace";
}

function overwrittenBy(operation: Operation, { release }: Base): Digest | undefined {
  const { published, attempt } = operation.state();
  return release === published || release === attempt?.release ? undefined : release;
}

async function coverageOf(operation: Operation, base: OpenedBase, { coverage }: PublishRequest): Promise<Coverage> {
  if (coverage !== "all" && "accept" in coverage) return { kind: "accepted", ...(await coverage.accept(base)) };
  if (coverage !== "all") return { kind: "online", ...coverage, pushRecord: base.pushRecord };
  const state = operation.state();
  return {
    kind: "all",
    staged: await operation.files.readStaged(state),
    roles: await operation.files.readStagedRoles(state),
    keys: await operation.files.readKeyChanges(state),
    bins: await operation.files.findBins(state),
  };
}

interface Upload extends Pick<Prepared, "draft" | "coverage" | "kept"> {
  readonly base: OpenedBase;
  readonly request: PublishRequest;
}

/**
 * Returns undefined if another publisher's release has taken the version number; the state then records this number as
 * used.
 */
async function uploadRelease(
  operation: Operation,
  { draft, base, coverage, kept, request }: Upload,
): Promise<ManifestContent | undefined> {
  const state = operation.state();
  const artifact = releaseOf(draft, state.published);
  const { digest } = artifact.manifest.descriptor;
  const carriesStaged = coverage.kind === "all";
  await operation.save({
    ...state,
    signed: highest(state.signed, draft.versions),
    attempt: { release: digest, carries: carriesStaged ? "staged" : "nothing" },
    staging: state.staging + (carriesStaged ? 1 : 0),
  });
  const known = isOnRecord(request) || base.release === undefined ? undefined : base.targets.signed.targets;
  const sent = createSent(base.stored);
  const had: ReadonlySet<TagName> = isOnRecord(request) ? new Set() : kept;
  await putArtifacts(operation, without(had, ownerManifestsOf(draft, known)), sent);
  const bins = draft.delegated.filter(({ kind }) => kind === "bin");
  for (const role of draft.delegated) {
    if (role.kind !== "bin") await putArtifacts(operation, without(had, roleArtifacts(role)), sent);
  }
  await putArtifacts(operation, binArtifacts(bins), sent);
  const own = state.attempt?.release;
  const open = isOnRecord(request) ? [] : await openNumbers(operation, base, { to: draft.versions.timestamp, own });
  const taken = await taggedDigest(operation, releaseTag(draft.versions.timestamp), "none");
  if (open === undefined || (taken !== undefined && taken !== digest)) return undefined;
  const tagged = { ...artifact, tags: [...open, ...artifact.tags] };
  return (await isTagFixed(() => putArtifact(operation, tagged, sent))) ? undefined : artifact.manifest;
}

function* without(tags: ReadonlySet<TagName>, artifacts: Iterable<Artifact>): Iterable<Artifact> {
  for (const artifact of artifacts) if (!artifact.tags.some((tag) => tags.has(tag))) yield artifact;
}

/** One at a time, because all of them may not fit into memory. */
function* binArtifacts(bins: readonly DelegatedFile[]): Iterable<Artifact> {
  for (const bin of bins) yield* roleArtifacts(bin);
}

/**
 * The tags of the numbers between the base's and the new release's that no release has, because a publisher signed with
 * them and was stopped. The new release gets them too, the lowest first: two publishers that build on one release then
 * want the same number, and each finds the other's. Returns undefined if another publisher has built on the base.
 */
async function openNumbers(
  operation: Operation,
  base: Base,
  { to, own }: { readonly to: number; readonly own: Digest | undefined },
): Promise<readonly TagName[] | undefined> {
  const open: TagName[] = [];
  const first = base.timestamp.signed.version + 1;
  if (operation.store.swapTag !== undefined || base.release === undefined) return open;
  for (let number = first; number < Math.min(to, first + passedNumbersMax); number++) {
    const tag = releaseTag(number);
    if ((await taggedDigest(operation, tag, "none")) === undefined) open.push(tag);
    else if ((await findSuccessor(operation, number, { on: base.release, own })) !== undefined) return undefined;
  }
  return open;
}

function highest(signed: State["signed"], versions: State["signed"]): State["signed"] {
  return {
    timestamp: Math.max(signed.timestamp, versions.timestamp),
    snapshot: Math.max(signed.snapshot, versions.snapshot),
    targets: Math.max(signed.targets, versions.targets),
  };
}

/** Moves `latest`. Returns false if another publisher was first. */
async function moveLatest(operation: Operation, base: Base, release: ManifestContent): Promise<boolean> {
  const { store, signal } = operation;
  const { descriptor } = release;
  if (store.swapTag !== undefined) return store.swapTag(latestTag, { from: base.release, to: descriptor }, { signal });
  for (let moves = 0; ; moves++) {
    const latest = await latestDigest(operation, moves > 0 || base.release !== undefined ? "any" : "none");
    if (moves > 0 && latest === descriptor.digest) return true;
    const isExpected = latest === base.release || (await isBuiltOn(operation, base.release, latest));
    if (!isExpected || moves > rebasesMax) return false;
    await moveTag(operation, latestTag, release);
  }
}

/** Whether another publisher built on that release before `latest` named it, and may have moved `latest` before. */
async function isFollowed(operation: Operation, number: number, { descriptor }: ManifestContent): Promise<boolean> {
  if (operation.store.swapTag !== undefined) return false;
  const next = await taggedDigest(operation, releaseTag(number + 1), "none");
  return next !== undefined && isBuiltOn(operation, next, descriptor.digest);
}
