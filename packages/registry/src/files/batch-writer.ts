/**
 * Writes chunks to a file in large batches; one batch is filled while the other is written. Chunks are copied, so network
 * buffers are free again at once, and memory use is limited to two batches.
 */
import type { FileHandle } from "node:fs/promises";
import { freeChunk } from "../content.ts";
import { fileCall } from "./errors.ts";

/** Size of one write: each wakes a thread, so that 1 MiB made a pull of 1 GiB 6 % slower; batches of 4 MiB, which no cache of a core holds, 10 %. */
const writeBatchBytes = 2 * 1024 * 1024;

/** Bytes after which an early sync begins, if none is running. */
const earlySyncBytes = 32 * 1024 * 1024;

export interface BatchWriter {
  /** Takes the chunk over: nobody reads it any more. @throws FileError of an earlier batch */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when everything was passed to the system. */
  end(): Promise<void>;
}

export interface BatchWriterOptions {
  /** For error messages. */
  readonly path: string;
  /** Offset in the file of the first byte. */
  readonly position: number;
  /** Bytes that will be written, if that is known: fewer than a batch need less memory. */
  readonly expectedBytes?: number | undefined;
  /** "early": the disk is kept busy while more bytes arrive, so that a sync at the end has little left to wait for. Default "none". */
  readonly sync?: "early" | "none" | undefined;
}

/** Writes to an open file, which the caller closes. To be finished with `end`, which throws the error of a batch. */
export function createBatchWriter(file: FileHandle, options: BatchWriterOptions): BatchWriter {
  const { path, position, expectedBytes = writeBatchBytes, sync = "none" } = options;
  const batchBytes = Math.max(1, Math.min(writeBatchBytes, expectedBytes));
  let gathering: Buffer = Buffer.allocUnsafeSlow(batchBytes);
  let spare: Buffer | undefined;
  let gathered = 0;
  let offset = position;
  let writing: Promise<void> = Promise.resolve();
  const syncing = createEarlySync(file, path);

  async function flush(): Promise<void> {
    await writing;
    if (sync === "early") syncing.passed(gathered);
    writing = writeAt(file, gathering.subarray(0, gathered), { path, position: offset });
    // The next call of `write` or `end` throws the failure; until then it must not count as unhandled.
    writing.catch(() => undefined);
    offset += gathered;
    gathered = 0;
    [gathering, spare] = [spare ?? Buffer.allocUnsafeSlow(batchBytes), gathering];
  }

  return {
    async write(chunk) {
      for (let taken = 0; taken < chunk.length;) {
        const piece = chunk.subarray(taken, taken + batchBytes - gathered);
        gathering.set(piece, gathered);
        gathered += piece.length;
        taken += piece.length;
        if (gathered === batchBytes) await flush();
      }
      freeChunk(chunk);
    },
    async end() {
      await writing;
      await writeAt(file, gathering.subarray(0, gathered), { path, position: offset });
      gathered = 0;
      await syncing.end();
    },
  };
}

/** The system reports a failed write to the disk once only, perhaps to a sync that runs early: `end` throws it. */
function createEarlySync(file: FileHandle, path: string): { passed(bytes: number): void; end(): Promise<void> } {
  let unsynced = 0;
  let running: Promise<void> | undefined;
  let fault: { readonly error: unknown } | undefined;
  const run = async (): Promise<void> => {
    try {
      await fileCall(path, () => file.datasync());
    } catch (error) {
      fault ??= { error };
    }
    running = undefined;
  };
  return {
    passed(bytes) {
      unsynced += bytes;
      if (unsynced < earlySyncBytes || running !== undefined) return;
      unsynced = 0;
      running = run();
    },
    async end() {
      await running;
      if (fault !== undefined) throw fault.error;
    },
  };
}

/** Writes all of the bytes at `position` of an open file. @throws FileError */
export async function writeAt(
  file: FileHandle,
  bytes: Uint8Array,
  { path, position }: Pick<BatchWriterOptions, "path" | "position">,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const left = bytes.length - written;
    const { bytesWritten } = await fileCall(path, () => file.write(bytes, written, left, position + written));
    written += bytesWritten;
  }
}
