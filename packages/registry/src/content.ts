/** Bytes on their way: what goes into a store and what comes out. */
import { open, type FileHandle } from "node:fs/promises";
import { fileError } from "./files/errors.ts";

/** Chunks of any size. Whoever stops early ends the loop (`break`, `return()`), which frees what lies behind it. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** Content that can be read again from any offset, because an upload may have to start over. */
export interface ContentSource {
  /** Bytes from `offset` (0 or more) to the end. */
  open(offset: number): ByteStream;
}

/** What `put` takes: small content whole, large content as a source. */
export type Content = Uint8Array | ContentSource;

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

export function openContent(content: Content, offset = 0): ByteStream {
  return content instanceof Uint8Array ? single(content.subarray(offset)) : content.open(offset);
}

async function* single(bytes: Uint8Array): ByteStream {
  if (bytes.length > 0) yield bytes;
}
