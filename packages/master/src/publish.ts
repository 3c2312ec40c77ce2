/**
 * Publishing is one switch. Target manifests, then the release under its own tag; then a look whether `latest` still is
 * what the release was built on; then the move of `latest`; then a second look. Where another publisher was first, the
 * staged changes are made again on what it published, above both versions. What was signed is written down before it is
 * sent, and what was sent before it is shown, so that a run that follows a kill knows what the one before it did.
 */
import { latestTag, plainRoleTag, releaseTag, roleTag } from "@dtuf/format";
import type { Digest, ManifestContent } from "@dtuf/registry";
import type { PublishResult, PushMetadataOptions, RefreshResult } from "./contract.ts";
import { openPublished, openRecorded, verifyExpectedSnapshot, type Base } from "./base.ts";
import type { DelegatedFile } from "./delegate.ts";
import { MasterError } from "./errors.ts";
import { dropUnneededKeys } from "./key-ring.ts";
import { rebasesMax } from "./limits.ts";
import { findPublished } from "./published.ts";
import { acceptBase, adoptStagedRoots, commitRelease } from "./record.ts";
import type { Session } from "./session.ts";
import { signRelease, type Draft, type Scope } from "./sign.ts";
import { keepersOf, putArtifact, putArtifacts, releaseOf, roleArtifacts } from "./upload.ts";

export type PublishRequest = PushMetadataOptions & { readonly scope: "all" | { readonly withinMs: number } };

/** @throws MasterError; TufError; OciError; FormatError */
export async function publish(session: Session, request: PublishRequest): Promise<PublishResult & RefreshResult> {
  for (let rebased = 0; rebased <= rebasesMax; rebased++) {
    session.signal?.throwIfAborted();
    const base = await openBase(session, request);
    if (request.expectSnapshot !== undefined && rebased === 0) verifyExpectedSnapshot(base, request.expectSnapshot);
    const scope = await scopeOf(session, request);
    const draft = await signRelease(session, base, scope);
    const release = await uploadRelease(session, { draft, base, scope, request });
    if (release === undefined || !(await moveLatest(session, base, release))) continue;
    await keepReleaseTag(session, draft, release);
    await moveSecondTags(session, draft.delegated);
    await commitRelease(session, { draft, release: release.descriptor.digest, scope });
    if (scope.kind === "all") await dropUnneededKeys(session.keys, draft.root);
    const { versions, changed, renewed, due } = draft;
    return { release: release.descriptor.digest, versions, changed, renewed, due, rebased };
  }
  throw new MasterError("MASTER_PUBLISHER_RACE", `another publisher was first, ${rebasesMax + 1} times`, {
    details: { tries: rebasesMax + 1 },
  });
}

async function scopeOf(session: Session, { scope }: PublishRequest): Promise<Scope> {
  if (scope !== "all") return { kind: "online", ...scope };
  const state = session.state();
  return {
    kind: "all",
    staged: await session.files.readStaged(state),
    roles: await session.files.readStagedRoles(state),
  };
}

/** What to build on. What is new there is taken into the record first. */
export async function openBase(session: Session, { base = "published" }: PushMetadataOptions): Promise<Base> {
  const { published } = session.state();
  const found = await findPublished(session);
  if (base === "recorded") return openRecorded(session, found?.release);
  if (found === undefined && published !== undefined) throw gone(published);
  if (found === undefined || found.release === published) return openRecorded(session, found?.release);
  if (found.release === session.state().attempt?.release) await adoptStagedRoots(session, found);
  const opened = await openPublished(session, found);
  await acceptBase(session, opened);
  return opened;
}

function gone(published: Digest): MasterError {
  return new MasterError(
    "MASTER_BASE_UNEXPECTED",
    "the registry has no `latest`, but the record says it was published",
    {
      details: { wanted: published },
    },
  );
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
  const artifact = releaseOf(draft, base.release);
  const { digest } = artifact.manifest.descriptor;
  const { timestamp, snapshot, targets } = draft.versions;
  await session.save({
    ...session.state(),
    signed: { timestamp, snapshot, targets },
    attempt: { release: digest, carries: scope.kind === "all" ? "staged" : "nothing" },
  });
  const known = request.base === "recorded" || base.release === undefined ? undefined : base.targets.signed.targets;
  await putArtifacts(session, keepersOf(draft, known));
  for (const role of draft.delegated) await putArtifacts(session, roleArtifacts(role));
  const taken = await store.resolve(releaseTag(timestamp), { want: "digest", signal });
  if (taken !== undefined && taken.descriptor.digest !== digest) return undefined;
  await putArtifact(session, artifact);
  return artifact.manifest;
}

/** The switch. `false`: another publisher was first. */
async function moveLatest(session: Session, base: Base, { descriptor }: ManifestContent): Promise<boolean> {
  const { store, signal } = session;
  if (store.swapTag !== undefined) return store.swapTag(latestTag, { from: base.release, to: descriptor }, { signal });
  if ((await latestDigest(session)) !== base.release) return false;
  await store.tag(latestTag, descriptor, { signal });
  return (await latestDigest(session)) === descriptor.digest;
}

/** Docker's clients look for a delegated role under its plain name. */
async function moveSecondTags({ store, signal }: Session, roles: readonly DelegatedFile[]): Promise<void> {
  for (const { name, version } of roles) {
    const tag = plainRoleTag(name);
    const found =
      tag === undefined ? undefined : await store.resolve(roleTag(name, version), { want: "digest", signal });
    if (tag !== undefined && found !== undefined) await store.tag(tag, found.descriptor, { signal });
  }
}

async function latestDigest({ store, signal }: Session): Promise<Digest | undefined> {
  return (await store.resolve(latestTag, { want: "digest", signal }))?.descriptor.digest;
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
