/**
 * Writes chunks to a file in large batches; one batch is filled while the other is written. Chunks are copied, so network
 * buffers are free again at once, and memory use is limited to two batches.
 */
import type { FileHandle } from "node:fs/promises";
import { fileCall } from "./errors.ts";

/** Size of one write: large enough that the cost of system calls is negligible, small enough that memory stays flat. */
const writeBatchBytes = 1024 * 1024;

export interface BatchWriter {
  /** @throws FileError of an earlier batch */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when everything was passed to the system. */
  end(): Promise<void>;
}

export interface BatchWriterOptions {
  /** For error messages. */
  readonly path: string;
  /** Offset in the file of the first byte. */
  readonly position: number;
}

/** Writes to an open file, which the caller closes. To be finished with `end`, which throws the error of a batch. */
export function createBatchWriter(file: FileHandle, { path, position }: BatchWriterOptions): BatchWriter {
  let gathering = Buffer.allocUnsafeSlow(writeBatchBytes);
  let spare = Buffer.allocUnsafeSlow(writeBatchBytes);
  let gathered = 0;
  let offset = position;
  let writing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    await writing;
    writing = writeAll(file, gathering.subarray(0, gathered), { path, position: offset });
    // The next call of `write` or `end` throws the failure; until then it must not count as unhandled.
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
