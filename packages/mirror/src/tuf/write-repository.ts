/**
 * Writes a verified repository into a store in format version 1: blobs, the manifests that own them, delegated roles, the
 * release under its own tag, and at last `latest`, which publishes the release. Metadata is written byte for byte. Content
 * of an earlier run is found by its digests and not written again.
 */
import {
  encodeRelease,
  encodeRole,
  encodeTarget,
  encodeTopLevelKeepers,
  latestTag,
  metadataFileName,
  parseRelease,
  plainRoleTag,
  targetKeeper,
  type Artifact,
  type MetadataFile,
} from "@dtuf/format";
import {
  createLimiter,
  digestOf,
  forEachConcurrently,
  hasCapability,
  type Descriptor,
  type Digest,
  type Limiter,
  type Progress,
  type ProgressCallback,
  type ReadStore,
  type WriteStore,
} from "@dtuf/registry";
import { defaultLimits, parseUnverified } from "@dtuf/tuf";
import { MirrorError } from "../errors.ts";
import { createTally, type Tally } from "../images/transfers.ts";
import { createTargetContents, type TargetContents } from "./target-contents.ts";
import { describeTarget, type VerifiedRepository, type VerifiedRole } from "./verified-repository.ts";

export interface WriteOptions {
  readonly store: WriteStore;
  /** A repository of the same registry to mount targets from. */
  readonly mountFrom?: string | undefined;
  /** Directory for targets that must be fetched as a whole. The caller removes it. */
  readonly directory: string;
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  /** Of each blob of a target, by the target's path. */
  readonly onProgress?: ProgressCallback | undefined;
}

export interface WrittenRepository {
  readonly status: "copied" | "unchanged";
  /** The manifest that `latest` names after the run. */
  readonly digest: Digest;
  readonly transferred: Readonly<Tally>;
}

export interface Writing extends WriteOptions {
  readonly repository: VerifiedRepository;
  readonly contents: TargetContents;
  readonly limiter: Limiter;
  readonly tally: Tally;
  readonly placed: Map<Digest, Promise<void>>;
}

export function createWriting(repository: VerifiedRepository, options: WriteOptions): Writing {
  return {
    ...options,
    repository,
    contents: createTargetContents(repository, options.directory),
    limiter: createLimiter(options.concurrency),
    tally: createTally(),
    placed: new Map(),
  };
}

/**
 * @throws MirrorError MIRROR_DESTINATION_NEWER, MIRROR_UNSUPPORTED, MIRROR_CONTENT_MISSING; FormatError; OciError;
 * FileError
 */
export async function writeRepository(
  repository: VerifiedRepository,
  options: WriteOptions,
): Promise<WrittenRepository> {
  const writing = createWriting(repository, options);
  const before = await findWritten(writing);
  if (before !== undefined && isSame(before.files, repository)) {
    return { status: "unchanged", digest: before.digest, transferred: writing.tally };
  }
  await writeTargets(writing, before?.files);
  await writeDelegated(writing);
  const release = encodeRelease({
    files: releaseFiles(repository),
    timestampVersion: repository.timestamp.version,
    predecessor: before?.digest,
  });
  await putArtifact(writing, release);
  await moveLatest(writing, before?.digest, release.manifest.descriptor);
  await movePlainTags(writing);
  return { status: "copied", digest: release.manifest.descriptor.digest, transferred: writing.tally };
}

export function releaseFiles({ roots, snapshot, targets, timestamp }: VerifiedRepository): readonly MetadataFile[] {
  return [
    ...roots.map(({ version, bytes }) => ({ name: metadataFileName("root", version), bytes })),
    { name: metadataFileName("snapshot", snapshot.version), bytes: snapshot.bytes },
    { name: metadataFileName("targets", targets.version), bytes: targets.bytes },
    { name: metadataFileName("timestamp"), bytes: timestamp.bytes },
  ];
}

interface Written {
  readonly digest: Digest;
  readonly files: ReadonlyMap<string, Digest>;
}

/** Finds the release at the destination: a hint for content that exists, and the version below which nothing is written. */
async function findWritten({ store, repository, signal }: Writing): Promise<Written | undefined> {
  const found = await store.resolve(latestTag, { want: "bytes", signal });
  if (found?.bytes === undefined) return undefined;
  const { files } = parseRelease(found.bytes);
  await verifyNotNewer(store, files.get(metadataFileName("timestamp")), { repository, signal });
  return {
    digest: found.descriptor.digest,
    files: new Map([...files].map(([name, { digest }]) => [name, digest])),
  };
}

async function verifyNotNewer(
  store: ReadStore,
  timestamp: Descriptor | undefined,
  { repository, signal }: Pick<Writing, "repository" | "signal">,
): Promise<void> {
  const stream =
    timestamp && timestamp.size <= defaultLimits.timestampMaxBytes
      ? await store.open(timestamp, { signal })
      : undefined;
  if (stream === undefined) return;
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const got = parseUnverified(Buffer.concat(chunks), "timestamp").version;
  const wanted = repository.timestamp.version;
  if (got <= wanted) return;
  throw new MirrorError(
    "MIRROR_DESTINATION_NEWER",
    `the destination has timestamp ${got}, the source ${wanted}: the source is stale or replays an old state`,
    { details: { wanted, got } },
  );
}

function isSame(files: ReadonlyMap<string, Digest>, repository: VerifiedRepository): boolean {
  const wanted = releaseFiles(repository);
  return files.size === wanted.length && wanted.every(({ name, bytes }) => files.get(name) === digestOf(bytes));
}

async function writeTargets(writing: Writing, before: ReadonlyMap<string, Digest> | undefined): Promise<void> {
  const { targets } = writing.repository;
  if (before?.get(metadataFileName("targets", targets.version)) === digestOf(targets.bytes)) return;
  await putTargetBlobs(writing, targets);
  const owners =
    targetKeeper(targets.targets.targets, "role") === "role"
      ? encodeTopLevelKeepers(targets.version, targets.targets.targets)
      : targetOwners(targets);
  await forEachConcurrently(owners, writing.concurrency, (owner) => putArtifact(writing, owner));
}

function* targetOwners({ targets }: VerifiedRole): Iterable<Artifact> {
  for (const [path, file] of targets.targets) {
    const artifact = encodeTarget(path, file);
    if (artifact !== undefined) yield artifact;
  }
}

async function writeDelegated(writing: Writing): Promise<void> {
  await forEachConcurrently(writing.repository.delegated, writing.concurrency, (role) => writeRole(writing, role));
}

/** Sets the tags of a role after its targets are written, so that a role whose tags exist is complete. */
async function writeRole(writing: Writing, role: VerifiedRole): Promise<void> {
  const owner = targetKeeper(role.targets.targets, role.kind);
  const keeps = owner === "role" ? role.targets.targets : undefined;
  const artifacts = encodeRole({ name: role.name, version: role.version, metadata: role.bytes, keeps });
  if (await hasAll(writing, artifacts)) return;
  await putTargetBlobs(writing, role);
  if (owner === "target") for (const artifact of targetOwners(role)) await putArtifact(writing, artifact);
  for (const artifact of artifacts.toReversed()) await putArtifact(writing, artifact);
}

async function hasAll({ store, limiter, signal }: Writing, artifacts: readonly Artifact[]): Promise<boolean> {
  for (const { manifest, tags } of artifacts) {
    for (const tag of tags) {
      const found = await limiter(() => store.resolve(tag, { want: "digest", signal }));
      if (found?.descriptor.digest !== manifest.descriptor.digest) return false;
    }
  }
  return true;
}

export async function putTargetBlobs(writing: Writing, role: VerifiedRole): Promise<void> {
  const { contents, repository, concurrency, signal } = writing;
  await forEachConcurrently(role.targets.targets, concurrency, async (target) => {
    const info = describeTarget(repository, role, target);
    const wanted = async (blob: Descriptor): Promise<boolean> => !(await isPresent(writing, blob));
    await contents.forEachPiece(info, { wanted, signal }, async ({ blob, content }) => {
      await placeOnce(writing, blob, async () => {
        const report = (progress: Progress): void =>
          writing.onProgress?.({ ...progress, kind: "target", name: info.path });
        await writing.limiter(() => writing.store.put(blob, content, { signal, onProgress: report }));
        const { digest, size: bytes } = blob;
        report({ step: "upload", kind: "target", name: "", digest, bytes, totalBytes: bytes, isStored: true });
        writing.tally.sentBlobs += 1;
        writing.tally.sentBytes += blob.size;
      });
    });
  });
}

/**
 * Writes each blob once, because targets share content and manifests share the empty config: a registry that receives a blob
 * twice at once (distribution 2.8 on a disk) reports for a moment that it does not have it.
 */
async function placeOnce({ placed }: Writing, { digest }: Descriptor, put: () => Promise<void>): Promise<void> {
  const placing = placed.get(digest) ?? put();
  placed.set(digest, placing);
  await placing;
}

async function isPresent(writing: Writing, blob: Descriptor): Promise<boolean> {
  const { store, limiter, mountFrom, signal, tally } = writing;
  if (mountFrom !== undefined && hasCapability(store, "mount")) {
    const mounted = await limiter(() => store.mount(blob, mountFrom, { signal }));
    if (mounted) tally.mountedBlobs += 1;
    return mounted;
  }
  const present = await limiter(() => store.has(blob, { signal }));
  if (present) tally.presentBlobs += 1;
  return present;
}

async function putArtifact(writing: Writing, { manifest, blobs, tags }: Artifact): Promise<void> {
  const { store, limiter, signal, tally } = writing;
  for (const { descriptor, bytes } of blobs) {
    await placeOnce(writing, descriptor, () => limiter(() => store.put(descriptor, bytes, { signal })));
  }
  await limiter(() => store.put(manifest.descriptor, manifest.bytes, { tags, signal }));
  tally.manifests += 1;
}

async function moveLatest({ store, signal }: Writing, from: Digest | undefined, to: Descriptor): Promise<void> {
  if (hasCapability(store, "swapTag")) {
    if (await store.swapTag(latestTag, { from, to }, { signal })) return;
  } else if ((await store.resolve(latestTag, { want: "digest", signal }))?.descriptor.digest === from) {
    return store.tag(latestTag, to, { signal });
  }
  throw new MirrorError("MIRROR_DESTINATION_NEWER", "another writer moved `latest` at the destination during this run");
}

/** Sets the plain tags of delegated roles, because Docker's readers look for them. */
async function movePlainTags({ repository, store, limiter, concurrency, signal }: Writing): Promise<void> {
  await forEachConcurrently(repository.delegated, concurrency, async ({ name, version, bytes, targets, kind }) => {
    const tag = kind === "bin" ? undefined : plainRoleTag(name);
    if (tag === undefined) return;
    const keeps = targetKeeper(targets.targets, kind) === "role" ? targets.targets : undefined;
    const [first] = encodeRole({ name, version, metadata: bytes, keeps });
    if (first !== undefined) await limiter(() => store.tag(tag, first.manifest.descriptor, { signal }));
  });
}
