/**
 * Deletes content that no reader needs any more: superseded releases after a grace time, then content that only they
 * referred to. A release is deleted if its successor expired more than a day ago: then it was superseded at least the
 * successor's lifetime and a day ago, by the dates in the metadata, independent of the publisher. The current release
 * and the one before it always stay, with every blob that they, another kept release, a staged target or role, or any
 * other tag refers to. So the bytes of a deleted target are deleted one release after the publication that dropped
 * them, at the earliest. Content of a release is deleted before the release itself, so that the next prune completes an
 * interrupted one. Manifests are deleted before blobs, and the tags are listed again in between: what another publisher
 * staged meanwhile keeps its blobs, so that a publisher needs to look only for the manifest of a target.
 */
import { latestTag, parseReleaseTag } from "@dtuf/format";
import {
  forEachConcurrently,
  OciError,
  parseManifest,
  type Deleter,
  type Digest,
  type Resolved,
  type TagLister,
  type TagName,
} from "@dtuf/registry";
import { parseUnverified } from "@dtuf/tuf";
import type { Base } from "../published/base.ts";
import type { PruneResult } from "../contract/contract.ts";
import type { MasterStore } from "../options.ts";
import {
  createNeedsReader,
  findRelease,
  firstPart,
  merge,
  readable,
  targetNeeds,
  type Needs,
  type NeedsReader,
  type ShownRelease,
} from "../published/history.ts";
import { openBase } from "../release/open-base.ts";
import type { Operation } from "../state/operation.ts";
import { proposedTargets } from "../team/proposals.ts";
import { sortReleases } from "./sort-releases.ts";

type PruningStore = MasterStore & TagLister & Deleter;

interface Found {
  readonly store: PruningStore;
  readonly tags: readonly TagName[];
  readonly plan: Plan;
  readonly releases: readonly ShownRelease[];
  /** Digests of content that other tags refer to. */
  readonly others: ReadonlySet<Digest>;
}

/**
 * @throws OciError OCI_UNSUPPORTED if the store cannot list or delete, MasterError MASTER_METADATA_UNAVAILABLE if it does not show the
 *   releases that stay; then nothing is changed
 */
export async function prune(operation: Operation): Promise<PruneResult> {
  const { store, tags, plan, releases, others } = await findUnneeded(operation);
  const state = operation.state();
  await operation.save({ ...state, prunes: state.prunes + 1 });
  const readNew = async (): Promise<ReadonlySet<Digest>> => {
    const gone = new Set(plan.doomedTags);
    const known = new Set(tags.filter((tag) => !gone.has(tag)));
    const appeared = (await listTags(operation, store)).filter((tag) => !known.has(tag));
    const { blobs } = await needsOfUnfinished(operation, appeared, createNeedsReader(operation));
    return new Set([...(await readOthers(operation, appeared)), ...blobs.keys()]);
  };
  return deleteAll(operation, { ...plan, store, others, releases, readNew });
}

/** What would be deleted. */
export async function previewPrune(operation: Operation): Promise<PruneResult> {
  const { store, plan, releases, others } = await findUnneeded(operation);
  const manifests = new Set(releases.map(({ digest }) => digest));
  await forEachConcurrently(plan.doomedTags, operation.concurrency, async (tag) => {
    const found = await store.resolve(tag, { want: "digest", signal: operation.signal });
    if (found !== undefined) manifests.add(found.descriptor.digest);
  });
  const blobs = [...plan.doomedBlobs].filter(([digest]) => !others.has(digest));
  return {
    releases: releases.map(({ version }) => version),
    manifests: [...manifests].filter((digest) => !others.has(digest)).length,
    blobs: blobs.length,
    bytes: blobs.reduce((sum, [, size]) => sum + size, 0),
  };
}

async function findUnneeded(operation: Operation): Promise<Found> {
  const store = pruningStore(operation.store);
  const base = await openBase(operation, {});
  const tags = await listTags(operation, store);
  const { kept, doomed } = await sortReleases(operation, base, tags);
  const reader = createNeedsReader(operation);
  const needed: Needs[] = [await stagedNeeds(operation), await proposedNeeds(operation, base, tags)];
  for (const release of kept) needed.push(await reader.needsOf(release));
  const current = base.timestamp.signed.version;
  const above = tags.filter((tag) => (parseReleaseTag(tag) ?? 0) > current);
  needed.push(await needsOfUnfinished(operation, above, reader));
  const unneeded: Needs[] = [];
  // If a part of a release is missing, an interrupted prune deleted it.
  for (const release of doomed) unneeded.push((await readable(() => reader.needsOf(release))) ?? nothing);
  const plan = planDeletion(tags, { kept: merge(needed), doomed: merge(unneeded), releases: doomed });
  // The current release was read under its own tag.
  const isCurrent = (tag: TagName): boolean => tag === latestTag && kept.some(({ digest }) => digest === base.release);
  const others = await readOthers(
    operation,
    plan.others.filter((tag) => !isCurrent(tag)),
  );
  return { store, tags, plan, others, releases: doomed };
}

/** What the releases among the tags need: another publisher may be about to move `latest` to one of them. */
async function needsOfUnfinished(operation: Operation, tags: readonly TagName[], reader: NeedsReader): Promise<Needs> {
  const needed: Needs[] = [];
  for (const version of tags.flatMap((tag) => parseReleaseTag(tag) ?? [])) {
    const release = await findRelease(operation, version);
    // One whose metadata is not there cannot become the current one.
    if (release !== undefined) needed.push((await readable(() => reader.needsOf(release))) ?? nothing);
  }
  return merge(needed);
}

async function listTags({ signal }: Operation, store: TagLister): Promise<readonly TagName[]> {
  const tags: TagName[] = [];
  for await (const tag of store.listTags({ signal })) tags.push(tag);
  return tags;
}

const nothing: Needs = { tags: new Set(), blobs: new Map() };

function pruningStore(store: MasterStore): PruningStore {
  const { listTags, deleteManifest, deleteTag, deleteBlob } = store;
  if (listTags !== undefined && deleteManifest !== undefined && deleteTag !== undefined && deleteBlob !== undefined) {
    return store as PruningStore;
  }
  throw new OciError("OCI_UNSUPPORTED", "this store cannot list tags and delete");
}

/**
 * What staged targets and the targets of staged roles need: their bytes are in the registry before any release names
 * them.
 */
async function stagedNeeds(operation: Operation): Promise<Needs> {
  const { files } = operation;
  const state = operation.state();
  const puts = [...(await files.readStaged(state))].flatMap(([path, change]) =>
    change.kind === "put" ? [[path, change.file] as const] : [],
  );
  const needs = [targetNeeds(new Map(puts))];
  for (const change of (await files.readStagedRoles(state)).values()) {
    if (change.kind === "put") needs.push(targetNeeds(parseUnverified(change.metadata, "targets").targets));
  }
  return merge(needs);
}

/** What open proposals of anybody need, and what is staged here in delegated roles. */
async function proposedNeeds(operation: Operation, base: Base, tags: readonly TagName[]): Promise<Needs> {
  const staged = (await operation.team.readAllRoleChanges()).map(({ targets }) =>
    targetNeeds(
      new Map([...targets].flatMap(([path, change]) => (change.kind === "put" ? [[path, change.file]] : []))),
    ),
  );
  const proposed = await proposedTargets(operation, base, tags);
  return merge([...staged, ...proposed.map((targets) => targetNeeds(targets))]);
}

interface Plan {
  readonly doomedTags: readonly TagName[];
  readonly doomedBlobs: ReadonlyMap<Digest, number>;
  /** Unknown tags: of other programs or of unfinished work. */
  readonly others: readonly TagName[];
}

function planDeletion(
  tags: readonly TagName[],
  {
    kept,
    doomed,
    releases,
  }: { readonly kept: Needs; readonly doomed: Needs; readonly releases: readonly ShownRelease[] },
): Plan {
  const releaseTags = new Set(releases.flatMap(({ tags }) => tags));
  const isDoomed = (tag: TagName): boolean => doomed.tags.has(firstPart(tag)) && !kept.tags.has(firstPart(tag));
  return {
    doomedTags: tags.filter((tag) => isDoomed(tag) && !releaseTags.has(tag)),
    doomedBlobs: new Map([...doomed.blobs].filter(([digest]) => !kept.blobs.has(digest))),
    others: tags.filter((tag) => !isDoomed(tag) && !releaseTags.has(tag) && !kept.tags.has(firstPart(tag))),
  };
}

/** The digests of all content that these tags refer to, directly or indirectly. */
async function readOthers({ store, signal }: Operation, tags: readonly TagName[]): Promise<ReadonlySet<Digest>> {
  const reached = new Set<Digest>();
  const open: (TagName | Digest)[] = [...tags];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const found = await store.resolve(name, { want: "bytes", signal });
    if (found === undefined || reached.has(found.descriptor.digest)) continue;
    reached.add(found.descriptor.digest);
    for (const child of childrenOf(found)) {
      if (child.kind === "manifest") open.push(child.digest);
      else reached.add(child.digest);
    }
  }
  return reached;
}

type Child = { readonly kind: "manifest" | "blob"; readonly digest: Digest };

/** @throws OciError OCI_MANIFEST_INVALID: an unreadable manifest may refer to any content, so nothing is deleted */
function childrenOf({ bytes, descriptor }: Resolved): readonly Child[] {
  if (bytes === undefined) throw new OciError("OCI_MANIFEST_INVALID", `no bytes of ${descriptor.digest}`);
  const manifest = parseManifest(bytes, descriptor.mediaType);
  if (manifest.kind === "index") return manifest.manifests.map(({ digest }) => ({ kind: "manifest", digest }));
  const config = manifest.kind === "manifest" ? [manifest.config] : [];
  return [...config, ...manifest.layers].map(({ digest }) => ({ kind: "blob", digest }));
}

interface Deletion extends Omit<Plan, "others"> {
  readonly store: PruningStore;
  readonly others: ReadonlySet<Digest>;
  readonly releases: readonly ShownRelease[];
  /** The digests of all content that tags refer to which appeared, or appeared again, since the tags were listed. */
  readonly readNew: () => Promise<ReadonlySet<Digest>>;
}

async function deleteAll({ signal, concurrency }: Operation, deletion: Deletion): Promise<PruneResult> {
  const { store, others, releases } = deletion;
  let manifests = 0;
  const deleteManifest = async (digest: Digest): Promise<void> => {
    signal?.throwIfAborted();
    if (!others.has(digest) && (await store.deleteManifest(digest, { signal }))) manifests++;
  };
  const deleteTagged = async (tag: TagName): Promise<void> => {
    const found = await store.resolve(tag, { want: "digest", signal });
    if (found !== undefined) await deleteManifest(found.descriptor.digest);
  };
  const metadata = new Set(releases.flatMap(({ files }) => [...files.values()].map(({ digest }) => digest)));
  const deleteBlobs = createBlobDeletion({ store, signal, concurrency });

  await forEachConcurrently(deletion.doomedTags, concurrency, deleteTagged);
  const appeared = deletion.doomedBlobs.size === 0 ? others : await deletion.readNew();
  const blobs = [...deletion.doomedBlobs].filter(([digest]) => !others.has(digest) && !appeared.has(digest));
  await deleteBlobs(blobs.filter(([digest]) => !metadata.has(digest)));
  await forEachConcurrently(
    releases.map(({ digest }) => digest),
    concurrency,
    deleteManifest,
  );
  const deleted = await deleteBlobs(blobs.filter(([digest]) => metadata.has(digest)));
  return { ...deleted, manifests, releases: releases.map(({ version }) => version) };
}

type BlobCount = Pick<PruneResult, "blobs" | "bytes">;

/** Some registries delete manifests only; their own garbage collection then deletes the blobs. */
function createBlobDeletion({
  store,
  signal,
  concurrency,
}: Pick<Deletion, "store"> & Pick<Operation, "signal" | "concurrency">): (
  blobs: readonly (readonly [Digest, number])[],
) => Promise<BlobCount> {
  const deleted = { blobs: 0, bytes: 0 };
  return async (blobs) => {
    try {
      await forEachConcurrently(blobs, concurrency, async ([digest, size]) => {
        signal?.throwIfAborted();
        if (!(await store.deleteBlob(digest, { signal }))) return;
        deleted.blobs++;
        deleted.bytes += size;
      });
    } catch (error) {
      if (!OciError.is(error) || error.code !== "OCI_UNSUPPORTED") throw error;
    }
    return { ...deleted };
  };
}
