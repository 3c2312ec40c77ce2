/**
 * Reading files that may have been planted: a link at the name itself is refused unless the caller allows it, and a
 * directory, a pipe or a device in the place of a file is refused and never waited for.
 */
import { constants, type Stats } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import type { ByteStream } from "../content.ts";
import { fileCall, FileError, fileError, isErrno } from "./errors.ts";
import { readFrom } from "./file-stream.ts";
import { isLinkThatOpenFollows } from "./platform.ts";

export interface OpenFileOptions {
  /** For paths that the user named, and files of a directory that the user arranged. Default false. */
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

/** What says definitely that there is no such file. */
const missing = ["ENOENT", "ENOTDIR", "ENAMETOOLONG"] as const;

/** Undefined: not there. The caller closes `file`. @throws FileError FILE_NOT_REGULAR and others */
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
    // What `open` says of a link with O_NOFOLLOW, and of a socket.
    if (isErrno(error, "ELOOP", "ENXIO")) throw notRegular(path);
    throw fileError(error, path);
  }
  await file.close();
  throw notRegular(path);
}

/** A whole small file; undefined: not there. @throws FileError FILE_NOT_REGULAR, FILE_TOO_LARGE and others */
export async function findFile(path: string, { maxBytes, ...options }: FindFileOptions): Promise<Buffer | undefined> {
  const opened = await openRegularFile(path, options);
  if (opened === undefined) return undefined;
  const { file, size } = opened;
  try {
    if (size > maxBytes) {
      throw new FileError("FILE_TOO_LARGE", `${path} has ${size} bytes; at most ${maxBytes} are read`, {
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

/** One read may bring less than was asked for. */
async function readUntilFull(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  for (let read = 1; read > 0 && length < size; length += read) {
    read = (await file.read(bytes, length, size - length, length)).bytesRead;
  }
  return bytes.subarray(0, length);
}

/** What the system says of a regular file; undefined: not there. @throws FileError FILE_NOT_REGULAR and others */
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

/** The bytes of a file that is there. @throws FileError FILE_NOT_REGULAR and others; the signal's reason */
export async function* readRegularFile(path: string, { signal, offset = 0, ...options }: ReadFileOptions): ByteStream {
  signal?.throwIfAborted();
  const opened = await openRegularFile(path, options);
  if (opened === undefined) throw new FileError("FILE_IO", `${path} is not there`, { details: { path } });
  for await (const chunk of readFrom(opened.file, offset, path)) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/** Adds to a file, which is created with mode 0600 if it is not there. @throws FileError FILE_NOT_REGULAR and others */
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

function notRegular(path: string): FileError {
  return new FileError("FILE_NOT_REGULAR", `${path} is not a regular file`, { details: { path } });
}
