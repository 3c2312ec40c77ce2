/**
 * Content of a layout: one file per digest under blobs/. A file gets its name after all its bytes are verified and on
 * disk. Readers verify it again.
 */
import type { Stats } from "node:fs";
import { link, lstat, lutimes, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteStream, Content } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestHex, type Digest } from "../oci/digest.ts";
import { OciError } from "../errors.ts";
import {
  createDirectory,
  fileError,
  isErrno,
  readRegularFile,
  writeNewFile,
  writeVerifiedFile,
  type NewFileOptions,
} from "../files/index.ts";
import type { NewContent, PutOptions } from "../store.ts";
import { verifying } from "../verifying.ts";

type Sized = Pick<Descriptor, "digest" | "size">;

export function blobPath(blobs: string, digest: Digest): string {
  return join(blobs, digestAlgorithm(digest), digestHex(digest));
}

/** Stats of a regular file, or undefined for anything else, also for a link. One `lstat`. @throws FileError */
export async function findFileStat(path: string): Promise<Stats | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found : undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw fileError(error, path);
  }
}

/** A file of another size is damaged: it counts as missing, and the next `writeBlob` replaces it. */
export async function hasBlob(blobs: string, { digest, size }: Sized): Promise<boolean> {
  return (await findFileStat(blobPath(blobs, digest)))?.size === size;
}

/** Verifies content on disk, because a file of the right size may have any bytes. @throws FileError; the signal's reason */
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
 * Whether the content exists. If so, renews its age, so that garbage collection keeps it until the manifest that will
 * name it is put. To be called under the layout's lock. A file that this user may not touch counts as missing:
 * the next `writeBlob` replaces it.
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

/** @throws OciError OCI_SIZE_MISMATCH, OCI_DIGEST_MISMATCH; FileError. Leaves nothing behind then */
export async function writeBlob(
  blobs: string,
  descriptor: Sized,
  put: PutOptions & { readonly content: Content },
): Promise<void> {
  const path = blobPath(blobs, descriptor.digest);
  await createDirectory(dirname(path));
  await writeVerifiedFile(path, descriptor, put);
}

/** Writes content in one reading. @throws OciError OCI_SIZE_MISMATCH; FileError. Leaves nothing behind then */
export async function writeNewBlob(
  blobs: string,
  content: NewContent,
  options: Omit<NewFileOptions, "nameOf">,
): Promise<Descriptor> {
  const directory = join(blobs, "sha256");
  await createDirectory(directory);
  return writeNewFile(directory, content, { ...options, nameOf: ({ digest }) => digestHex(digest) });
}

/** Opens the bytes from `offset`. They are not verified. */
export function readBlob(path: string, offset: number, signal: AbortSignal | undefined): ByteStream {
  return readRegularFile(path, { signal, offset });
}

/** Gives a file a second name if the file system supports it, else does nothing. @throws FileError */
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
