/**
 * Files of directories that somebody else may have filled: a link, a pipe or a device in the place of a file is refused
 * and never followed, waited for or read.
 */
import { constants, type Stats } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import { collect, type ByteStream } from "@dtuf/registry";
import { FileError, fileError, isErrno } from "@dtuf/registry/files";
import { MirrorError } from "../errors.ts";

const chunkBytes = 1024 * 1024;

/** What is said of a regular file; undefined where there is nothing. @throws MirrorError MIRROR_DIRECTORY_INVALID */
export async function findRegularFile(path: string): Promise<Stats | undefined> {
  try {
    const found = await lstat(path);
    if (found.isFile()) return found;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw fileError(error, path);
  }
  throw notRegular(path);
}

/** A whole small file. @throws MirrorError MIRROR_DIRECTORY_INVALID; FileError FILE_TOO_LARGE */
export async function findRegularBytes(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const size = (await findRegularFile(path))?.size;
  if (size === undefined) return undefined;
  if (size > maxBytes) {
    throw new FileError("FILE_TOO_LARGE", `${path} has ${size} bytes; at most ${maxBytes} are read`, {
      details: { path, limit: maxBytes, got: size },
    });
  }
  return collect(readRegularFile(path, { signal: undefined }), maxBytes);
}

/** @throws MirrorError MIRROR_DIRECTORY_INVALID; FileError; the signal's reason */
export async function* readRegularFile(
  path: string,
  { signal }: { readonly signal: AbortSignal | undefined },
): ByteStream {
  let file: FileHandle | undefined;
  try {
    file = await openWithoutFollowing(path);
    for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false }) as ByteStream) {
      signal?.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file?.close();
  }
}

async function openWithoutFollowing(path: string): Promise<FileHandle> {
  const file = await openNoFollow(path);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw notRegular(path);
}

async function openNoFollow(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (isErrno(error, "ELOOP")) throw notRegular(path);
    throw error;
  }
}

function notRegular(path: string): MirrorError {
  return new MirrorError("MIRROR_DIRECTORY_INVALID", `${path} is not a regular file`, { details: { path } });
}
