/**
 * Writes a verified repository as a plain TUF repository, which ordinary TUF clients read over HTTP: `metadata/` with
 * every root and the files that the snapshot lists, byte for byte, and `targets/` (TUF 1.0.34 sections 6.2 and 7.1).
 * Targets are written first and `timestamp.json` at last, so that a reader sees the old repository or the new one.
 */
import { dirname, join } from "node:path";
import { metadataName, targetNames, type TargetInfo } from "@dtuf/copy";
import { digestOf, forEachConcurrently, type ProgressCallback } from "@dtuf/registry";
import { createDirectory, findFile, isFileName, verifyDirectories, writeFileAtomically } from "@dtuf/registry/files";
import { defaultLimits, parseUnverified, type TargetPath } from "@dtuf/tuf";
import { MirrorError } from "../errors.ts";
import { describeTarget, type VerifiedRepository, type VerifiedRole } from "./verified-repository.ts";

export interface PlainWriteOptions {
  /** Made if it is missing. `metadata` and `targets` in it are written, and nothing is deleted. */
  readonly directory: string;
  /** Targets at once. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressCallback | undefined;
}

export interface WrittenPlainRepository {
  readonly status: "copied" | "unchanged";
  /** Number of targets that are in the directory now. */
  readonly targets: number;
  /** Bytes of the targets that this run wrote. */
  readonly writtenBytes: number;
  /** Targets without a file: a plain repository has no name for them, or a target of another role hides them. */
  readonly omitted: readonly TargetPath[];
}

interface Tree extends PlainWriteOptions {
  readonly repository: VerifiedRepository;
}

interface Count {
  targets: number;
  writtenBytes: number;
  readonly omitted: TargetPath[];
}

/**
 * Content of an earlier run that is whole is read, verified and kept.
 * @throws MirrorError MIRROR_DESTINATION_NEWER, MIRROR_CONTENT_MISSING; CopyError; TufError; OciError; FileError
 */
export async function writePlainRepository(
  repository: VerifiedRepository,
  options: PlainWriteOptions,
): Promise<WrittenPlainRepository> {
  const tree = { ...options, repository };
  const metadata = join(options.directory, "metadata");
  const before = await findTimestamp(metadata);
  if (before !== undefined) verifyNotNewer(before, repository);
  const count: Count = { targets: 0, writtenBytes: 0, omitted: [] };
  for (const role of [repository.targets, ...repository.delegated]) await writeTargets(tree, role, count);
  await createDirectory(metadata);
  for (const [name, bytes] of metadataFiles(repository)) await writeFile(join(metadata, name), bytes, options.signal);
  const { bytes } = repository.timestamp;
  const same = before !== undefined && digestOf(before) === digestOf(bytes);
  if (!same) await writeFile(join(metadata, metadataName("timestamp", undefined)), bytes, options.signal);
  return { ...count, status: same && count.writtenBytes === 0 ? "unchanged" : "copied" };
}

function findTimestamp(metadata: string): Promise<Uint8Array | undefined> {
  const path = join(metadata, metadataName("timestamp", undefined));
  return findFile(path, { maxBytes: defaultLimits.timestampMaxBytes });
}

/** The file in the directory is a hint: nothing is trusted because of it. */
function verifyNotNewer(timestamp: Uint8Array, repository: VerifiedRepository): void {
  const [wanted, got] = [repository.timestamp.version, parseUnverified(timestamp, "timestamp").version];
  if (got <= wanted) return;
  throw new MirrorError(
    "MIRROR_DESTINATION_NEWER",
    `the directory has timestamp ${got}, the source ${wanted}: the source is stale or replays an old state`,
    { details: { wanted, got } },
  );
}

/** All but the timestamp, under the names that clients ask for. */
function* metadataFiles(repository: VerifiedRepository): Iterable<readonly [name: string, bytes: Uint8Array]> {
  const { roots, delegated, targets, snapshot, naming } = repository;
  const versioned = (version: number): number | undefined => (naming === "hash-prefixed" ? version : undefined);
  for (const { version, bytes } of roots) yield [metadataName("root", version), bytes];
  for (const role of [...delegated, targets]) yield [metadataName(role.name, versioned(role.version)), role.bytes];
  yield [metadataName("snapshot", versioned(snapshot.version)), snapshot.bytes];
}

async function writeTargets(tree: Tree, role: VerifiedRole, count: Count): Promise<void> {
  await forEachConcurrently(role.targets.targets, tree.concurrency, async (target, failed) => {
    const signal = tree.signal === undefined ? failed : AbortSignal.any([tree.signal, failed]);
    const written = await writeTarget(tree, describeTarget(tree.repository, role, target), signal);
    if (written === undefined) count.omitted.push(target[0]);
    else count.targets += 1;
    count.writtenBytes += written ?? 0;
  });
}

/** Returns the bytes that were written; undefined if the target has no file. */
async function writeTarget(
  { repository, directory, onProgress }: Tree,
  { path, role, ...info }: TargetInfo,
  signal: AbortSignal,
): Promise<number | undefined> {
  const names = targetNames({ path, role, ...info }).filter((segments) => segments.every((name) => isFileName(name)));
  const found = await repository.copy.findTarget(path, { signal });
  if (names.length === 0 || found?.role !== role) return undefined;
  let bytes = 0;
  for (const segments of names) {
    const file = join(directory, "targets", ...segments);
    await createTargetDirectory(join(directory, "targets"), segments);
    const outcome = await repository.copy.saveTarget(found, file, { same: "keep", signal, onProgress });
    if (outcome === "written") bytes += found.length;
  }
  return bytes;
}

/** None of the directories below `base` is a link, so that no target leads out of it. */
async function createTargetDirectory(base: string, segments: readonly string[]): Promise<void> {
  const inner = segments.slice(0, -1).map((_, at) => join(base, ...segments.slice(0, at + 1)));
  await verifyDirectories(inner);
  await createDirectory(dirname(join(base, ...segments)));
}

async function writeFile(path: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await writeFileAtomically(path, bytes);
}
