/**
 * skopeo's directory form (`dir:`), one image in one directory: `version`, `manifest.json`, blobs named by their bare hex
 * digest, further manifests as `<hex>.manifest.json`. A file gets its name when it is complete and verified, and
 * `manifest.json` last, so a directory without it is an incomplete image that the next run completes. Files of an earlier
 * image are removed after the switch, so that one run at a time may write: `exclusively`. The form has no tags: any tag finds
 * the one image.
 */
import { link, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  collect,
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  isManifestMediaType,
  manifestReadMaxBytes,
  OciError,
  openContent,
  parseManifest,
  verifyBytes,
  verifying,
  type BlobMounter,
  type Content,
  type Descriptor,
  type Digest,
  type PutOptions,
  type Resolved,
  type WriteStore,
  reportUpload,
} from "@dtuf/registry";
import {
  createDirectory,
  fileError,
  findFile,
  findRegularFile,
  isErrno,
  readRegularFile,
  isTemporaryFile,
  sweepTemporaryFiles,
  withLock,
  type LockOptions,
  syncDirectory,
  verifyDirectories,
  writeFileAtomically,
  writeVerifiedFile,
} from "@dtuf/registry/files";
import { MirrorError } from "../errors.ts";
import { leftoverAgeMs, versionFileMaxBytes } from "../limits.ts";
import { referencesOf } from "../images/references.ts";
import type { Exclusively } from "../images/transfers.ts";

export interface DirStore extends WriteStore, BlobMounter {
  readonly directory: string;
  /** Number of simple signing files `signature-N`. */
  countSignatures(): Promise<number>;
  /**
   * Creates the directory, and runs work while no other run, here or in another process, does.
   * @throws FileError FILE_LOCKED after two minutes; MirrorError MIRROR_DIRECTORY_INVALID
   */
  readonly exclusively: Exclusively;
}

export interface DirStoreOptions {
  readonly directory: string;
  readonly now: () => Date;
  readonly onLockWait?: LockOptions["onWait"];
}

const versionText = "Directory Transport Version: 1.1\n";

/**
 * Creates a store for one image in skopeo's `dir:` form. The first `put` creates the directory.
 * @throws, from its operations, MirrorError MIRROR_DIRECTORY_INVALID; OciError; FileError
 */
export function createDirStore(options: DirStoreOptions): DirStore {
  const { directory, now } = options;
  const ready = once(() => prepareDirectory(directory));
  return {
    directory,
    resolve: async (name) => (isDigest(name) ? findByDigest(directory, name) : findMain(directory)),
    async open(descriptor, { signal } = {}) {
      if (isManifestMediaType(descriptor.mediaType)) {
        const found = await findByDigest(directory, descriptor.digest);
        return found && openContent(found.bytes);
      }
      const path = blobPath(directory, descriptor.digest);
      if ((await findRegularFile(path)) === undefined) return undefined;
      return verifying(readRegularFile(path, { signal }), descriptor);
    },
    has: (descriptor) => has(directory, descriptor),
    async put(descriptor, content, options = {}) {
      await ready();
      if (isManifestMediaType(descriptor.mediaType))
        await putManifest({ directory, now }, descriptor, { ...options, content });
      else await putBlob(directory, descriptor, { ...options, content });
    },
    async tag(_tag, descriptor) {
      const found = await findByDigest(directory, descriptor.digest);
      if (found === undefined) {
        throw new MirrorError("MIRROR_CONTENT_MISSING", `manifest ${descriptor.digest} is not in ${directory}`);
      }
      await ready();
      await switchTo({ directory, now }, found.bytes);
    },
    async mount(descriptor, from) {
      if (from === undefined) return false;
      await ready();
      return linkBlob(blobPath(from, descriptor.digest), blobPath(directory, descriptor.digest), descriptor);
    },
    countSignatures: async () => (await namesIn(directory)).filter((name) => signatureName.test(name)).length,
    exclusively: createExclusively(options),
  };
}

function createExclusively({ directory, onLockWait: onWait }: DirStoreOptions): Exclusively {
  return async (work, signal) => {
    await verifyOwn(directory);
    return withLock(join(directory, dirLockName), { wait: "wait", file: "remove", onWait, signal }, work);
  };
}

const signatureName = /^signature-[1-9][0-9]{0,4}$/;
/** Removed at the end. A killed run leaves it, which locks nothing. */
export const dirLockName = ".dtuf-lock";
const contentName = /^[0-9a-f]{64}(?:\.manifest\.json)?$/;

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

async function prepareDirectory(directory: string): Promise<void> {
  if ((await verifyOwn(directory)) === "new") await writeFileAtomically(join(directory, "version"), versionText);
}

/**
 * Creates the directory if there is none.
 * @throws MirrorError MIRROR_DIRECTORY_INVALID for a directory that holds something else
 */
async function verifyOwn(directory: string): Promise<"new" | "image"> {
  await verifyDirectories([directory]);
  await createDirectory(directory);
  // Listed first: a run that is writing a new image creates `version` before everything else.
  const names = await namesIn(directory);
  const version = await findFile(join(directory, "version"), { maxBytes: versionFileMaxBytes });
  if (version !== undefined) {
    verifyVersion(version, directory);
    return "image";
  }
  // A run that was killed before the first file had its name left a temporary file, which is swept later.
  if (names.every((name) => isTemporaryFile(name) || name === dirLockName)) return "new";
  throw new MirrorError("MIRROR_DIRECTORY_INVALID", `${directory} exists and is not an image directory`, {
    details: { path: directory },
  });
}

function verifyVersion(bytes: Uint8Array, directory: string): void {
  const text = Buffer.from(bytes).toString("latin1");
  if (/^Directory Transport Version: 1\.[01]\n$/.test(text)) return;
  throw new MirrorError("MIRROR_DIRECTORY_INVALID", `${directory}/version: wanted ${JSON.stringify(versionText)}`, {
    details: { path: directory, got: text.slice(0, 80) },
  });
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw fileError(error, directory);
  }
}

/** Accepts only sha256, because file names have no algorithm. @throws MirrorError MIRROR_UNSUPPORTED */
function blobPath(directory: string, digest: Digest): string {
  if (digestAlgorithm(digest) === "sha256") return join(directory, digestHex(digest));
  throw new MirrorError("MIRROR_UNSUPPORTED", `the directory form holds sha256 content only; got ${digest}`, {
    details: { digest },
  });
}

async function findMain(directory: string): Promise<Required<Resolved> | undefined> {
  const bytes = await findFile(join(directory, "manifest.json"), { maxBytes: manifestReadMaxBytes });
  return bytes && describe(bytes);
}

function describe(bytes: Uint8Array): Required<Resolved> {
  const { mediaType } = parseManifest(bytes);
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** @throws OciError OCI_DIGEST_MISMATCH */
async function findByDigest(directory: string, digest: Digest): Promise<Required<Resolved> | undefined> {
  const main = await findMain(directory);
  if (main?.descriptor.digest === digest) return main;
  const bytes = await findFile(`${blobPath(directory, digest)}.manifest.json`, { maxBytes: manifestReadMaxBytes });
  return bytes && describe(verifyBytes(bytes, { digest, size: bytes.length }));
}

async function has(directory: string, { mediaType, digest, size }: Descriptor): Promise<boolean> {
  if (isManifestMediaType(mediaType)) return (await findByDigest(directory, digest)) !== undefined;
  return (await findRegularFile(blobPath(directory, digest)))?.size === size;
}

type PutContent = PutOptions & { readonly content: Content };

async function putBlob(directory: string, descriptor: Descriptor, put: PutContent): Promise<void> {
  if (await isIntact(directory, descriptor, put)) return reportUpload(put, descriptor, descriptor.size);
  await writeVerifiedFile(blobPath(directory, descriptor.digest), descriptor, put);
}

/** Reads what is there: a file of the right size may hold anything. */
async function isIntact(directory: string, descriptor: Descriptor, { signal }: PutOptions): Promise<boolean> {
  if (!(await has(directory, descriptor))) return false;
  try {
    const stream = readRegularFile(blobPath(directory, descriptor.digest), { signal });
    for await (const _ of verifying(stream, descriptor));
    return true;
  } catch (error) {
    if (OciError.is(error)) return false;
    throw error;
  }
}

interface Directory {
  readonly directory: string;
  readonly now: () => Date;
}

async function putManifest(at: Directory, descriptor: Descriptor, put: PutContent): Promise<void> {
  const bytes = verifyBytes(await collect(openContent(put.content), manifestReadMaxBytes), descriptor);
  if (put.tags !== undefined && put.tags.length > 0) return switchTo(at, bytes);
  await writeFileAtomically(`${blobPath(at.directory, descriptor.digest)}.manifest.json`, bytes);
}

/** Syncs everything that the image needs to disk before its manifest gets the name that readers look for. */
async function switchTo({ directory, now }: Directory, bytes: Uint8Array): Promise<void> {
  await syncDirectory(directory);
  const before = await findMain(directory).catch(() => undefined);
  if (before?.descriptor.digest !== digestOf(bytes)) {
    // Remove the previous image's signatures; they do not match the new manifest.
    await removeNames(directory, (name) => signatureName.test(name));
    await writeFileAtomically(join(directory, "manifest.json"), bytes);
  }
  const used = await usedNames(directory, bytes);
  await removeNames(directory, (name) => contentName.test(name) && !used.has(name));
  await sweepTemporaryFiles(directory, { now, olderThanMs: leftoverAgeMs });
}

async function removeNames(directory: string, isRemoved: (name: string) => boolean): Promise<void> {
  for (const name of (await namesIn(directory)).filter(isRemoved)) {
    await unlink(join(directory, name)).catch((error: unknown) => {
      if (!isErrno(error, "ENOENT")) throw fileError(error, join(directory, name));
    });
  }
}

async function usedNames(directory: string, bytes: Uint8Array): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  const pending = [bytes];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { manifests, blobs } = referencesOf(parseManifest(next));
    for (const { digest } of blobs) used.add(digestHex(digest));
    for (const { digest } of manifests) {
      const name = `${digestHex(digest)}.manifest.json`;
      const child = used.has(name) ? undefined : await findByDigest(directory, digest);
      used.add(name);
      if (child !== undefined) pending.push(child.bytes);
    }
  }
  return used;
}

/** Links content of another image of the same run, so that it is read and stored once. */
async function linkBlob(from: string, to: string, { size }: Descriptor): Promise<boolean> {
  if ((await findRegularFile(from))?.size !== size) return false;
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return (await findRegularFile(to))?.size === size;
    if (isErrno(error, "EXDEV", "EPERM", "EMLINK", "ENOENT", "ENOTSUP")) return false;
    throw fileError(error, to);
  }
}
