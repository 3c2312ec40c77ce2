import { constants } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import type { ByteStream, ContentSource } from "../content.ts";
import type { ByteRange } from "../store.ts";
import { fileCall, FileError, fileError } from "./errors.ts";
import { notRegular } from "./regular-file.ts";

/**
 * Chunk size for reading: large enough that the cost of system calls is negligible. Measured with 1 MiB: twice as much
 * memory waits for the garbage collector, and reading is not faster.
 */
const fileChunkBytes = 256 * 1024;

/**
 * A file, or a part of it, as content. It is opened at each reading and closed at its end. Errors are FileErrors: FILE_NOT_REGULAR for a
 * pipe or a device, which could be read once only or without end, and is not waited on.
 */
export function fileContent(path: string, part: ByteRange = { from: 0, to: Infinity }): ContentSource {
  return { open: (offset) => readFilePart(path, { from: part.from + offset, to: part.to }) };
}

async function* readFilePart(path: string, { from, to }: ByteRange): ByteStream {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw notRegular(path);
    const bounds = { start: from, ...(to === Infinity ? {} : { end: to - 1 }) };
    if (from < to) yield* file.createReadStream({ ...bounds, highWaterMark: fileChunkBytes, autoClose: false });
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file?.close();
  }
}

/** What tells one state of a regular file from another without reading it. */
export interface FileIdentity {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Device, inode, size, and the times of the last change of the content and of the inode. A program can set the first of
   * these times back; that changes the second.
   */
  readonly key: string;
  /** When the content or the inode was last changed. */
  readonly changed: Date;
  /** Two changes within this time may leave the same times, in milliseconds: some file systems count whole seconds. */
  readonly resolutionMs: number;
}

const fineResolutionMs = 100;
const coarseResolutionMs = 3000;
const nanosecondsPerMs = 1_000_000n;

/** @throws FileError FILE_NOT_REGULAR and others */
export async function readFileIdentity(path: string): Promise<FileIdentity> {
  const found = await fileCall(path, () => stat(path, { bigint: true }));
  if (!found.isFile()) throw notRegular(path);
  const { dev, ino, size, mtimeNs, ctimeNs } = found;
  const changedNs = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  return {
    path,
    size: Number(size),
    key: [dev, ino, size, mtimeNs, ctimeNs].join(":"),
    changed: new Date(Number(changedNs / nanosecondsPerMs)),
    resolutionMs: changedNs % nanosecondsPerMs === 0n ? coarseResolutionMs : fineResolutionMs,
  };
}

/** To be called after a file was read. @throws FileError FILE_CHANGED if it is not as it was before */
export async function verifyUnchanged({ path, key }: FileIdentity): Promise<void> {
  if ((await readFileIdentity(path)).key === key) return;
  throw new FileError("FILE_CHANGED", `${path} changed while it was read; try again when nothing writes to it`, {
    details: { path },
  });
}
