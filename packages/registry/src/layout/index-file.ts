/**
 * index.json on disk: read and replaced as a whole, changed only under the layout's lock. Changes that wait at the same
 * time are written together, so that a hundred tags do not need a hundred fsyncs. Content is durable before the index
 * names it.
 */
import { join } from "node:path";
import { OciError } from "../errors.ts";
import { FileError, findFile, isErrno, syncDirectory, writeFileAtomically } from "../files/index.ts";
import { layoutIndexMaxBytes } from "../limits.ts";
import { findFileStat } from "./blob-files.ts";
import { isLayout, type Exclusively, type LayoutPaths } from "./layout-directory.ts";
import { encodeLayoutIndex, parseLayoutIndex, type LayoutIndex } from "./layout-index.ts";

/** Returns the changed index, or the same object if nothing has to change. Runs under the lock. */
export type IndexChange = (index: LayoutIndex) => Promise<LayoutIndex>;

export interface IndexFile {
  /** Returns undefined if there is no layout. @throws OciError OCI_LAYOUT_INVALID */
  find(): Promise<LayoutIndex | undefined>;
  /** @throws the error of `change`; OciError OCI_LAYOUT_INVALID, OCI_LIMIT_EXCEEDED; FileError */
  update(change: IndexChange, signal: AbortSignal | undefined): Promise<void>;
}

interface Waiting {
  readonly change: IndexChange;
  readonly signal: AbortSignal | undefined;
  readonly done: PromiseWithResolvers<void>;
}

export function createIndexFile(paths: LayoutPaths, exclusively: Exclusively): IndexFile {
  const queue: Waiting[] = [];
  let running = false;

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const leader = first;
      await exclusively(() => applyTogether(paths, queue.splice(0)), leader.signal).catch((error: unknown) => {
        leave(leader, error);
      });
    }
    running = false;
  }

  function leave(waiting: Waiting, reason: unknown): void {
    const position = queue.indexOf(waiting);
    if (position >= 0) queue.splice(position, 1);
    waiting.done.reject(reason);
  }

  return {
    async find() {
      // Some tools write no marker, and the index may still be empty.
      const isThere = (await isLayout(paths)) || (await findFileStat(paths.index)) !== undefined;
      return isThere ? readIndex(paths) : undefined;
    },
    async update(change, signal) {
      signal?.throwIfAborted();
      const waiting: Waiting = { change, signal, done: Promise.withResolvers() };
      const abort = (): void => {
        if (queue.includes(waiting)) leave(waiting, signal?.reason);
      };
      signal?.addEventListener("abort", abort);
      queue.push(waiting);
      void run();
      await waiting.done.promise.finally(() => signal?.removeEventListener("abort", abort));
    },
  };
}

async function readIndex(paths: LayoutPaths): Promise<LayoutIndex> {
  const bytes = await findFile(paths.index, { maxBytes: layoutIndexMaxBytes });
  if (bytes !== undefined) return parseLayoutIndex(bytes);
  throw new OciError("OCI_LAYOUT_INVALID", `${paths.directory} has no index.json`, { details: { path: paths.index } });
}

/** If a change throws, only that change fails; if the write fails, all changes in it fail. */
async function applyTogether(paths: LayoutPaths, batch: readonly Waiting[]): Promise<void> {
  const applied: Waiting[] = [];
  try {
    const before = await readIndex(paths);
    let after = before;
    for (const waiting of batch) {
      try {
        waiting.signal?.throwIfAborted();
        after = await waiting.change(after);
        applied.push(waiting);
      } catch (error) {
        waiting.done.reject(error);
      }
    }
    if (after !== before) await writeIndex(paths, after);
    for (const { done } of applied) done.resolve();
  } catch (error) {
    for (const { done } of batch) done.reject(error);
  }
}

async function writeIndex(paths: LayoutPaths, index: LayoutIndex): Promise<void> {
  const bytes = encodeLayoutIndex(index);
  if (bytes.length > layoutIndexMaxBytes) {
    throw new OciError("OCI_LIMIT_EXCEEDED", `${paths.index} would have ${bytes.length} bytes`, {
      details: { limit: layoutIndexMaxBytes, got: bytes.length },
    });
  }
  await syncBlobNames(paths);
  await writeFileAtomically(paths.index, bytes);
}

async function syncBlobNames(paths: LayoutPaths): Promise<void> {
  for (const algorithm of ["sha256", "sha512"]) {
    await syncDirectory(join(paths.blobs, algorithm)).catch((error: unknown) => {
      if (!FileError.is(error) || !isErrno(error.cause, "ENOENT")) throw error;
    });
  }
}
