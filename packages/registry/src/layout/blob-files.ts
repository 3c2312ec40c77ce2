/**
 * Content of a layout: one file per digest under blobs/. A file gets its name only when all its bytes are verified and on
 * the disk; whoever reads it verifies it again.
 */
import type { Stats } from "node:fs";
import { link, lstat, lutimes, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteStream, Content } from "../content.ts";
import type { Descriptor } from "../descriptor.ts";
import { digestAlgorithm, digestHex, type Digest } from "../digest.ts";
import { OciError } from "../errors.ts";
import { createDirectory, fileError, isErrno, readRegularFile, writeVerifiedFile } from "../files/index.ts";
import type { PutOptions } from "../store.ts";
import { verifying } from "../verifying.ts";

type Sized = Pick<Descriptor, "digest" | "size">;

export function blobPath(blobs: string, digest: Digest): string {
  return join(blobs, digestAlgorithm(digest), digestHex(digest));
}

/** What is said of a regular file, or undefined, also for a link. One `lstat`. @throws FileError */
export async function findFileStat(path: string): Promise<Stats | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found : undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw fileError(error, path);
  }
}

/** A file of another size is a damaged one: as good as not there, and replaced by the next `writeBlob`. */
export async function hasBlob(blobs: string, { digest, size }: Sized): Promise<boolean> {
  return (await findFileStat(blobPath(blobs, digest)))?.size === size;
}

/** Reads what is there: a file of the right size may hold anything. @throws FileError; the signal's reason */
export async function isIntact(blobs: string, descriptor: Sized, signal: AbortSignal | undefined): Promise<boolean> {
  if (!(await hasBlob(blobs, descriptor))) return false;
  try {
    for await (const _ of verifying(readBlob(blobPath(blobs, descriptor.digest), 0, signal), descriptor));
    return true;
  } catch (error) {
    if (OciError.is(error)) return false;
    throw error;
  }
}

/**
 * Whether the content is there; if so, its age begins anew, so that no garbage collection takes it before the manifest
 * that is about to name it. To be called under the layout's lock. A file that is not ours to touch counts as missing:
 * the next `writeBlob` replaces it by one that is.
 */
export async function renewBlob(blobs: string, descriptor: Sized, now: Date): Promise<boolean> {
  if (!(await hasBlob(blobs, descriptor))) return false;
  const path = blobPath(blobs, descriptor.digest);
  try {
    await lutimes(path, now, now);
    return true;
  } catch (error) {
    if (isErrno(error, "EPERM", "EACCES")) return false;
    throw fileError(error, path);
  }
}

/** @throws OciError OCI_SIZE_MISMATCH, OCI_DIGEST_MISMATCH; FileError; nothing is left behind then */
export async function writeBlob(
  blobs: string,
  descriptor: Sized,
  put: PutOptions & { readonly content: Content },
): Promise<void> {
  const path = blobPath(blobs, descriptor.digest);
  await createDirectory(dirname(path));
  await writeVerifiedFile(path, descriptor, put);
}

/** Bytes from `offset`, not verified. */
export function readBlob(path: string, offset: number, signal: AbortSignal | undefined): ByteStream {
  return readRegularFile(path, { signal, offset });
}

/** Gives a file a second name, where the file system can; nothing happens where it cannot. @throws FileError */
export async function linkBlob(from: string, to: string): Promise<void> {
  await createDirectory(dirname(to));
  try {
    await link(from, to);
  } catch (error) {
    if (!isErrno(error, "EEXIST", "EXDEV", "EPERM", "EMLINK", "ENOENT", "ENOTSUP")) throw fileError(error, to);
  }
}

/** @throws FileError */
export async function deleteFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw fileError(error, path);
  }
}
