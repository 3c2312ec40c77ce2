import { open, type FileHandle } from "node:fs/promises";
import type { ByteStream, ContentSource } from "../content.ts";
import { fileError } from "./errors.ts";

/**
 * One chunk of a file: large enough that system calls do not count; of larger ones (1 MiB was measured) twice as much
 * memory waits for the garbage collector, and nothing gets faster.
 */
const fileChunkBytes = 256 * 1024;

/** A file as content. Opened at each reading, closed at its end. Its faults are FileErrors. */
export function fileContent(path: string): ContentSource {
  return { open: (offset) => readFileFrom(path, offset) };
}

async function* readFileFrom(path: string, offset: number): ByteStream {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    yield* file.createReadStream({ start: offset, highWaterMark: fileChunkBytes, autoClose: false }) as ByteStream;
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file?.close();
  }
}
