/**
 * Garbage collection: deletes content that no listed manifest refers to and that was not put within a grace time. It holds
 * the layout's lock, under which a `put` of existing content renews its age, so content that a publisher was told exists
 * is not deleted before its manifest is put. `subject` keeps a referrer while its subject is listed, not the
 * reverse.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Descriptor } from "../oci/descriptor.ts";
import { isDigest, type Digest } from "../oci/digest.ts";
import { OciError } from "../errors.ts";
import { fileError, isErrno, sweepTemporaryFiles } from "../files/index.ts";
import { isManifestMediaType } from "../oci/media-types.ts";
import type { StoreOptions } from "../store.ts";
import { blobPath, deleteFile, findFileStat } from "./blob-files.ts";
import type { Layout } from "./layout.ts";
import { listEntries, removeManifests, type LayoutIndex } from "./layout-index.ts";
import { findManifest } from "./reading.ts";
import { findReferrer } from "./referrers.ts";

export interface GarbageOptions extends StoreOptions {
  /** How long content may exist without a manifest that refers to it: longer than any publication takes. */
  readonly graceMs: number;
  /** Manifests without a tag that nothing refers to. Default "keep", because they may be used by digest. */
  readonly untagged?: "keep" | "remove";
}

export interface CollectedGarbage {
  /** Number and size of the deleted files. Leftovers of killed processes are not counted. */
  readonly blobs: number;
  readonly bytes: number;
}

export async function collectGarbage(layout: Layout, options: GarbageOptions): Promise<CollectedGarbage> {
  const { graceMs, untagged = "keep", signal } = options;
  if (!(graceMs >= 0)) throw new TypeError(`graceMs must be 0 or more, not ${graceMs}`);
  if ((await layout.index.find()) === undefined) return { blobs: 0, bytes: 0 };
  const before = layout.now().getTime() - graceMs;
  if (untagged === "remove") await layout.index.update((index) => dropUntagged(layout, index, before), signal);
  return layout.exclusively(async () => {
    const index = await layout.index.find();
    const live = new Set<Digest>();
    for (const { descriptor } of index === undefined ? [] : listEntries(index)) await mark(layout, descriptor, live);
    for (const directory of [layout.paths.directory, ...algorithms.map((name) => join(layout.paths.blobs, name))]) {
      await sweepTemporaryFiles(directory, { now: layout.now, olderThanMs: graceMs });
    }
    return sweep(layout, { live, before, signal });
  }, signal);
}

const algorithms = ["sha256", "sha512"] as const;

/** Adds a manifest and everything that it refers to. */
async function mark(layout: Layout, root: Descriptor, live: Set<Digest>): Promise<void> {
  for (const open = [root]; ;) {
    const descriptor = open.pop();
    if (descriptor === undefined) return;
    if (live.has(descriptor.digest)) continue;
    if (!isManifestMediaType(descriptor.mediaType)) throw unknownType(descriptor);
    live.add(descriptor.digest);
    const manifest = await findManifest(layout, descriptor);
    if (manifest?.kind === "index") open.push(...manifest.manifests);
    else for (const { digest } of manifest?.layers ?? []) live.add(digest);
    if (manifest?.kind === "manifest") live.add(manifest.config.digest);
  }
}

function unknownType({ mediaType, digest }: Descriptor): OciError {
  return new OciError("OCI_UNSUPPORTED", `cannot tell what ${digest} of type ${mediaType} refers to`, {
    details: { digest, mediaType },
  });
}

/** Removes from the index the manifests that have no tag, are old, and have no subject that stays. */
async function dropUntagged(layout: Layout, index: LayoutIndex, before: number): Promise<LayoutIndex> {
  const entries = listEntries(index);
  const tagged = new Set(entries.filter(({ name }) => name !== undefined).map(({ descriptor }) => descriptor.digest));
  const live = new Set<Digest>();
  let doubtful: Descriptor[] = [];
  for (const { descriptor } of entries) {
    const found = await findFileStat(blobPath(layout.paths.blobs, descriptor.digest));
    if (tagged.has(descriptor.digest) || (found?.mtimeMs ?? 0) > before) await mark(layout, descriptor, live);
    else doubtful.push(descriptor);
  }
  for (let kept = -1; kept < live.size;) {
    kept = live.size;
    const still: Descriptor[] = [];
    for (const descriptor of doubtful) {
      const subject = (await findReferrer(layout, descriptor))?.subject;
      if (subject !== undefined && live.has(subject)) await mark(layout, descriptor, live);
      else still.push(descriptor);
    }
    doubtful = still;
  }
  return removeManifests(index, new Set(doubtful.map(({ digest }) => digest).filter((digest) => !live.has(digest))));
}

async function sweep(
  layout: Layout,
  { live, before, signal }: StoreOptions & { readonly live: ReadonlySet<Digest>; readonly before: number },
): Promise<CollectedGarbage> {
  let blobs = 0;
  let bytes = 0;
  for (const digest of await listBlobs(layout)) {
    if (live.has(digest)) continue;
    signal?.throwIfAborted();
    const path = blobPath(layout.paths.blobs, digest);
    const found = await findFileStat(path);
    if (found === undefined || found.mtimeMs > before || !(await deleteFile(path))) continue;
    blobs++;
    bytes += found.size;
  }
  return { blobs, bytes };
}

async function listBlobs({ paths }: Layout): Promise<readonly Digest[]> {
  const lists = await Promise.all(
    algorithms.map(async (algorithm) => {
      const names = await listNames(join(paths.blobs, algorithm));
      return names.map((name) => `${algorithm}:${name}`).filter(isDigest);
    }),
  );
  return lists.flat();
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw fileError(error, directory);
  }
}
