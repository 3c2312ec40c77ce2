/**
 * Reading files that an attacker may have planted: a link as the last component is refused unless the caller allows it. A
 * directory, a pipe or a device is refused without waiting for it.
 */
import { constants, type Stats } from "node:fs";
import { lstat, open, stat, type FileHandle } from "node:fs/promises";
import type { ByteStream } from "../content.ts";
import { fileCall, FileError, fileError, isErrno } from "./errors.ts";
import { readFrom } from "./file-stream.ts";
import { isLinkThatOpenFollows } from "./platform.ts";

export interface OpenFileOptions {
  /** True for paths that the user named, and for files in a directory that the user arranged. Default false. */
  readonly followLinks?: boolean;
}

export interface FindFileOptions extends OpenFileOptions {
  readonly maxBytes: number;
}

export interface ReadFileOptions extends OpenFileOptions {
  readonly signal: AbortSignal | undefined;
  /** Default 0. */
  readonly offset?: number;
}

export interface OpenedFile {
  readonly file: FileHandle;
  readonly size: number;
}

/** System errors that mean that the file does not exist. */
const missing = ["ENOENT", "ENOTDIR", "ENAMETOOLONG"] as const;

/** Returns undefined if the file does not exist. The caller closes `file`. @throws FileError FILE_NOT_REGULAR and others */
export async function openRegularFile(path: string, options: OpenFileOptions = {}): Promise<OpenedFile | undefined> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let file: FileHandle | undefined;
  try {
    if (options.followLinks !== true && (await isLinkThatOpenFollows(path))) throw notRegular(path);
    file = await open(path, O_RDONLY | O_NONBLOCK | (options.followLinks === true ? 0 : O_NOFOLLOW));
    const stat = await file.stat();
    if (stat.isFile()) return { file, size: stat.size };
  } catch (error) {
    await file?.close();
    if (isErrno(error, ...missing)) return undefined;
    // The errors of `open` for a link with O_NOFOLLOW, and for a socket.
    if (isErrno(error, "ELOOP", "ENXIO")) throw notRegular(path);
    throw fileError(error, path);
  }
  await file.close();
  throw notRegular(path);
}

/** The file's size in bytes; undefined if it does not exist. @throws FileError FILE_NOT_REGULAR and others */
export async function findFileSize(path: string, options: OpenFileOptions = {}): Promise<number | undefined> {
  const opened = await openRegularFile(path, options);
  await opened?.file.close();
  return opened?.size;
}

/** Reads a whole small file; undefined if it does not exist. @throws FileError FILE_NOT_REGULAR, FILE_TOO_LARGE and others */
export async function findFile(path: string, { maxBytes, ...options }: FindFileOptions): Promise<Buffer | undefined> {
  const opened = await openRegularFile(path, options);
  if (opened === undefined) return undefined;
  const { file, size } = opened;
  try {
    if (size > maxBytes) {
      throw new FileError("FILE_TOO_LARGE", `${path} has ${size} bytes; at most ${maxBytes} are allowed`, {
        details: { path, limit: maxBytes, got: size },
      });
    }
    return await readUntilFull(file, size);
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file.close();
  }
}

/** One read may return fewer bytes than requested. */
async function readUntilFull(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  for (let read = 1; read > 0 && length < size; length += read) {
    read = (await file.read(bytes, length, size - length, length)).bytesRead;
  }
  return bytes.subarray(0, length);
}

/** Stats of a regular file; undefined if it does not exist. @throws FileError FILE_NOT_REGULAR and others */
export async function findRegularFile(path: string): Promise<Stats | undefined> {
  try {
    const found = await lstat(path);
    if (found.isFile()) return found;
  } catch (error) {
    if (isErrno(error, ...missing)) return undefined;
    throw fileError(error, path);
  }
  throw notRegular(path);
}

/**
 * Refuses a device, a pipe or a socket, and a link to one, where a new file is to get this name: a rename over it would
 * take it away from those who use it. As root that includes `/dev/null`.
 * @throws FileError FILE_NOT_REGULAR
 */
export async function verifyReplaceable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile() && !found.isDirectory()) throw notRegular(path);
}

/**
 * Reads a file that must exist. It is opened at the first read, so an unread stream holds no file open.
 * @throws FileError FILE_NOT_REGULAR and others; the signal's reason
 */
export async function* readRegularFile(path: string, { signal, offset = 0, ...options }: ReadFileOptions): ByteStream {
  signal?.throwIfAborted();
  const opened = await openRegularFile(path, options);
  if (opened === undefined) throw new FileError("FILE_IO", `${path} does not exist`, { details: { path } });
  for await (const chunk of readFrom(opened.file, offset, path)) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/** Appends to a file and creates it with mode 0600 if it does not exist. @throws FileError FILE_NOT_REGULAR and others */
export async function appendToFile(path: string, text: string): Promise<void> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  await findRegularFile(path);
  await fileCall(path, async () => {
    const file = await open(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  });
}

export function notRegular(path: string): FileError {
  return new FileError("FILE_NOT_REGULAR", `${path} is not a regular file`, { details: { path } });
}
