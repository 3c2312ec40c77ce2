/**
 * Writes chunks to a file in large batches, one gathering while the other is written. Chunks are copied: what came from the
 * network is free again at once, and memory stays at two batches.
 */
import type { FileHandle } from "node:fs/promises";
import { fileCall } from "./errors.ts";

/** One write to disk: large enough that system calls do not count, small enough that memory stays flat. */
const writeBatchBytes = 1024 * 1024;

export interface BatchWriter {
  /** @throws FileError what an earlier batch met */
  write(chunk: Uint8Array): Promise<void>;
  /** Everything written has reached the system. */
  end(): Promise<void>;
}

export interface BatchWriterOptions {
  /** For errors. */
  readonly path: string;
  /** Where in the file the first byte goes. */
  readonly position: number;
}

/** A writer to an open file, which stays the caller's to close. Ends with `end`, which throws what a batch met. */
export function createBatchWriter(file: FileHandle, { path, position }: BatchWriterOptions): BatchWriter {
  let gathering = Buffer.allocUnsafeSlow(writeBatchBytes);
  let spare = Buffer.allocUnsafeSlow(writeBatchBytes);
  let gathered = 0;
  let offset = position;
  let writing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    await writing;
    writing = writeAll(file, gathering.subarray(0, gathered), { path, position: offset });
    // Whoever comes next, `write` or `end`, gets the failure; until then it is not unhandled.
    writing.catch(() => undefined);
    offset += gathered;
    gathered = 0;
    [gathering, spare] = [spare, gathering];
  }

  return {
    async write(chunk) {
      for (let taken = 0; taken < chunk.length;) {
        const piece = chunk.subarray(taken, taken + writeBatchBytes - gathered);
        gathering.set(piece, gathered);
        gathered += piece.length;
        taken += piece.length;
        if (gathered === writeBatchBytes) await flush();
      }
    },
    async end() {
      await flush();
      await writing;
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, { path, position }: BatchWriterOptions): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const left = bytes.length - written;
    const { bytesWritten } = await fileCall(path, () => file.write(bytes, written, left, position + written));
    written += bytesWritten;
  }
}
