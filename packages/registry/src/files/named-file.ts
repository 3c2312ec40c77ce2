/** Files that the user named on the command line or in the environment. */
import { constants } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { FileError, fileCall, isErrno } from "./errors.ts";
import { findFile } from "./regular-file.ts";

export interface FindNamedFileOptions {
  readonly maxBytes: number;
  /** Ends the wait for the writer of a pipe. */
  readonly signal: AbortSignal;
}

/** The names that a shell gives to a pipe that it opened for this process, as `<(…)` does. */
const ownPipe = /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/\d+)$/;

const pollMs = 20;
const chunkBytes = 64 * 1024;

/**
 * Reads a whole small file; undefined if it does not exist. Links are followed. Of all pipes only those that this process
 * was started with are read (`/dev/fd/63`), because any other might never have a writer.
 * @throws FileError FILE_NOT_REGULAR, FILE_TOO_LARGE and others; the signal's reason
 */
export async function findNamedFile(path: string, options: FindNamedFileOptions): Promise<Buffer | undefined> {
  options.signal.throwIfAborted();
  const isPipe = ownPipe.test(path) && (await stat(path).catch(() => undefined))?.isFIFO() === true;
  if (!isPipe) return findFile(path, { maxBytes: options.maxBytes, followLinks: true });
  return fileCall(path, async () => {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readPipe(file, path, options);
    } finally {
      await file.close();
    }
  });
}

/** Without blocking: a blocked read could not be ended by a signal. */
async function readPipe(file: FileHandle, path: string, options: FindNamedFileOptions): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let length = 0; ;) {
    const chunk = await readSome(file);
    if (chunk?.length === 0) return Buffer.concat(chunks);
    if (chunk === undefined) await pause(options.signal);
    else chunks.push(chunk);
    length += chunk?.length ?? 0;
    if (length > options.maxBytes) {
      throw new FileError("FILE_TOO_LARGE", `${path} has more than the ${options.maxBytes} bytes that are allowed`, {
        details: { path, limit: options.maxBytes },
      });
    }
  }
}

/** Returns undefined if nothing was written since, and an empty chunk at the end. */
async function readSome(file: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (isErrno(error, "EAGAIN")) return undefined;
    throw error;
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await delay(pollMs, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
}
