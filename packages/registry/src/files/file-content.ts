import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { ByteStream, ContentSource } from "../content.ts";
import { fileError } from "./errors.ts";
import { notRegular } from "./regular-file.ts";

/**
 * Chunk size for reading: large enough that the cost of system calls is negligible. Measured with 1 MiB: twice as much
 * memory waits for the garbage collector, and reading is not faster.
 */
const fileChunkBytes = 256 * 1024;

/**
 * A file as content. It is opened at each reading and closed at its end. Errors are FileErrors: FILE_NOT_REGULAR for a
 * pipe or a device, which could be read once only or without end, and is not waited on.
 */
export function fileContent(path: string): ContentSource {
  return { open: (offset) => readFileFrom(path, offset) };
}

async function* readFileFrom(path: string, offset: number): ByteStream {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw notRegular(path);
    yield* file.createReadStream({ start: offset, highWaterMark: fileChunkBytes, autoClose: false }) as ByteStream;
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file?.close();
  }
}
