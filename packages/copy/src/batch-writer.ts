/** Writes chunks to a file in large batches, the next one gathering while the last one is written. */
import type { FileHandle } from "node:fs/promises";
import { fileError } from "@dtuf/registry/files";
import { writeBatchBytes } from "./limits.ts";

export interface BatchWriter {
  /** The chunk must not change before `end`. @throws FileError what an earlier batch met */
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

export function createBatchWriter(file: FileHandle, { path, position }: BatchWriterOptions): BatchWriter {
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let offset = position;
  let writing: Promise<void> = Promise.resolve();

  async function write(chunks: readonly Uint8Array[], at: number): Promise<void> {
    try {
      await writeAll(file, chunks, at);
    } catch (error) {
      throw fileError(error, path);
    }
  }

  async function flush(): Promise<void> {
    await writing;
    const [chunks, at] = [batch, offset];
    offset += batchBytes;
    batch = [];
    batchBytes = 0;
    writing = write(chunks, at);
    // Whoever comes next, `write` or `end`, gets the failure; until then it is not unhandled.
    writing.catch(() => undefined);
  }

  return {
    async write(chunk) {
      batch.push(chunk);
      batchBytes += chunk.length;
      if (batchBytes >= writeBatchBytes) await flush();
    },
    async end() {
      await flush();
      await writing;
    },
  };
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  if (chunks.length === 0) return;
  const total = chunks.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await file.writev(chunks, position);
  if (bytesWritten === total) return;
  // A short write: the rest in one piece, as often as it takes.
  const rest = Buffer.concat(chunks, total).subarray(bytesWritten);
  await writeAll(file, [rest], position + bytesWritten);
}
