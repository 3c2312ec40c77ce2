/**
 * Publishing is one switch. Target manifests, then the release under its own tag; then a look whether `latest` still is
 * what the release was built on; then the move of `latest`; then a second look. Where another publisher was first, the
 * staged changes are made again on what it published, above both versions. What was signed is written down before it is
 * sent, and what was sent before it is shown, so that a run that follows a kill knows what the one before it did.
 */
import { latestTag, releaseTag } from "@dtuf/format";
import type { Digest, ManifestContent } from "@dtuf/registry";
import type { PushRecord } from "@dtuf/tuf";
import type {
  PublishOptions,
  PushMetadataOptions,
  PushResult,
  RefreshOptions,
  RefreshMetadataResult,
} from "../contract.ts";
import type { Base } from "../published/base.ts";
import { verifyClock, verifyTakeable } from "./client-view.ts";
import { readDelegated } from "./delegated-expiry.ts";
import { MasterError } from "../errors.ts";
import { dropUnneededKeys } from "../keys/key-ring.ts";
import { rebasesMax } from "../limits.ts";
import { openBase, type OpenedBase } from "./open-base.ts";
import { verifyPromises, verifyStagedBlobs } from "../published/presence.ts";
import { latestDigest } from "../published/published.ts";
import { makePushRecord, recordStatusOf } from "./push-record.ts";
import { commitRelease } from "./record.ts";
import type { Session } from "../state/session.ts";
import { dueRoles, signRelease, type Draft, type OnlineScope, type Scope } from "./sign.ts";
import type { State } from "../state/state.ts";
import { keepersOf, moveSecondTags, putArtifact, putArtifacts, releaseOf, roleArtifacts } from "./upload.ts";

/** `makeRecord`: to be signed, with the scope "all". `record`: handed over. */
export type PublishRequest = PublishOptions &
  Pick<RefreshOptions, "record" | "withinMs"> & {
    readonly scope: "all" | OnlineScope;
    readonly makeRecord?: PushMetadataOptions["record"];
  };

export type Publication = PushResult & RefreshMetadataResult;

/** @throws MasterError; TufError; OciError; FormatError */
export async function publish(session: Session, request: PublishRequest): Promise<Publication> {
  if (request.clock === "trusted") await session.save({ ...session.state(), knownPast: undefined });
  else verifyClock(session);
  const builtOn = new Set<Digest | undefined>();
  for (let tries = 0; tries <= rebasesMax; tries++) {
    session.signal?.throwIfAborted();
    const base = await openBase(session, request);
    builtOn.add(base.release);
    const prepared = await prepare(session, base, request);
    const overwrote = isOnRecord(request) ? overwrittenBy(session, base) : undefined;
    const release = await uploadRelease(session, { ...prepared, base, request });
    if (release === undefined || !(await moveLatest(session, base, release))) continue;
    const rebased = isOnRecord(request) ? 0 : builtOn.size - 1;
    return { ...(await finish(session, prepared, release)), rebased, overwrote };
  }
  throw new MasterError("MASTER_PUBLISHER_RACE", `another publisher was first, ${rebasesMax + 1} times`, {
    details: { tries: rebasesMax + 1 },
  });
}

interface Prepared {
  readonly scope: Scope;
  readonly draft: Draft;
  readonly delegated: State["delegated"];
  readonly servedUntil: Date;
  /** Signed or handed over. */
  readonly pushRecord: PushRecord | undefined;
  readonly signedRecord: Uint8Array | undefined;
  /** How soon counts as due, if it was said. */
  readonly withinMs: number | undefined;
}

/** Everything that can refuse a release, before anything of it is sent. */
async function prepare(session: Session, base: OpenedBase, request: PublishRequest): Promise<Prepared> {
  const scope = await scopeOf(session, base, request);
  const draft = await signRelease(session, base, scope);
  const servedUntil = verifyTakeable(session, base, draft);
  const content = { targets: draft.targetsDocument, snapshot: draft.snapshotDocument, files: draft.delegated };
  const delegated = await readDelegated(session, content);
  await verifyStagedBlobs(session, draft);
  if (isOnRecord(request)) await verifyPromises(session, content);
  const { makeRecord, withinMs } = request;
  const made = makeRecord === undefined ? undefined : await makePushRecord(session, draft, makeRecord);
  const pushRecord = made?.record ?? base.pushRecord;
  return { scope, draft, delegated, servedUntil, pushRecord, signedRecord: made?.file, withinMs };
}

/** What follows the switch. */
async function finish(
  session: Session,
  { scope, draft, delegated, servedUntil, pushRecord, signedRecord, withinMs }: Prepared,
  content: ManifestContent,
): Promise<Omit<Publication, "rebased">> {
  const release = content.descriptor.digest;
  await keepReleaseTag(session, draft, content);
  await moveSecondTags(session, draft.delegated);
  await commitRelease(session, { draft, release, scope, delegated, pushRecord });
  if (scope.kind === "all") await dropUnneededKeys(session.keys, draft.root);
  const { versions, changed, renewed } = draft;
  const due = dueRoles([...draft.notRenewed, ...delegated], session, withinMs);
  const record = pushRecord === undefined ? undefined : recordStatusOf(pushRecord, session.now, withinMs);
  return { release, versions, changed, renewed, due, servedUntil, record, signedRecord };
}

/** Whatever is published, the record is what the release is built on. */
function isOnRecord({ base }: PublishRequest): boolean {
  return base === "recorded" || base === "replace";
}

function overwrittenBy(session: Session, { release }: Base): Digest | undefined {
  const { published, attempt } = session.state();
  return release === published || release === attempt?.release ? undefined : release;
}

async function scopeOf(session: Session, { pushRecord }: OpenedBase, { scope }: PublishRequest): Promise<Scope> {
  if (scope !== "all") return { kind: "online", ...scope, pushRecord };
  const state = session.state();
  return {
    kind: "all",
    staged: await session.files.readStaged(state),
    roles: await session.files.readStagedRoles(state),
  };
}

interface Upload {
  readonly draft: Draft;
  readonly base: Base;
  readonly scope: Scope;
  readonly request: PublishRequest;
}

/** Undefined: the release's number is taken by another publisher's; its own was written down as used. */
async function uploadRelease(
  session: Session,
  { draft, base, scope, request }: Upload,
): Promise<ManifestContent | undefined> {
  const { store, signal } = session;
  const state = session.state();
  const artifact = releaseOf(draft, state.published);
  const { digest } = artifact.manifest.descriptor;
  const carriesStaged = scope.kind === "all";
  await session.save({
    ...state,
    signed: highest(state.signed, draft.versions),
    attempt: { release: digest, carries: carriesStaged ? "staged" : "nothing" },
    staging: state.staging + (carriesStaged ? 1 : 0),
  });
  const known = isOnRecord(request) || base.release === undefined ? undefined : base.targets.signed.targets;
  await putArtifacts(session, keepersOf(draft, known));
  for (const role of draft.delegated) await putArtifacts(session, roleArtifacts(role));
  const taken = await store.resolve(releaseTag(draft.versions.timestamp), { want: "digest", signal });
  if (taken !== undefined && taken.descriptor.digest !== digest) return undefined;
  await putArtifact(session, artifact);
  return artifact.manifest;
}

function highest(signed: State["signed"], versions: State["signed"]): State["signed"] {
  return {
    timestamp: Math.max(signed.timestamp, versions.timestamp),
    snapshot: Math.max(signed.snapshot, versions.snapshot),
    targets: Math.max(signed.targets, versions.targets),
  };
}

/** The switch. `false`: another publisher was first. */
async function moveLatest(session: Session, base: Base, { descriptor }: ManifestContent): Promise<boolean> {
  const { store, signal } = session;
  if (store.swapTag !== undefined) return store.swapTag(latestTag, { from: base.release, to: descriptor }, { signal });
  if ((await latestDigest(session)) !== base.release) return false;
  await store.tag(latestTag, descriptor, { signal });
  return (await latestDigest(session)) === descriptor.digest;
}

/** Another publisher may have taken the number in between: its release gave way, so the tag is this one's. */
async function keepReleaseTag(
  { store, signal }: Session,
  draft: Draft,
  { descriptor }: ManifestContent,
): Promise<void> {
  const tag = releaseTag(draft.versions.timestamp);
  const found = await store.resolve(tag, { want: "digest", signal });
  if (found?.descriptor.digest !== descriptor.digest) await store.tag(tag, descriptor, { signal });
}
