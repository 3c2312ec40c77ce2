/**
 * The client's state on disk: `pin.json` (the trusted root, byte for byte as it was given), `state.json`, and the metadata
 * files under `metadata/`, byte for byte as served, each named by its SHA-256.
 *
 * Guaranteed: at every moment the disk has either the old state or the new one; readers need no lock; a file whose hash is
 * not its name is treated as missing; if nothing can be written, this object holds the state in memory.
 */
import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  createDirectory,
  fileCall,
  FileError,
  findFile,
  isTemporaryFile,
  syncDirectory,
  verifyDirectories,
  withLock,
  type LockWait,
} from "@dtuf/registry/files";
import { CopyError } from "../errors.ts";
import type { CopyEvent } from "../events.ts";
import { cachedFileMaxBytes, stateMaxBytes } from "../limits.ts";
import { findFailure, saveFailure, type RefreshFailure } from "./refresh-failure.ts";
import { writeStateFile } from "./write-state-file.ts";
import { emptyState, encodeState, parseState, type CacheState, type FileHash } from "./state-file.ts";

export interface CacheDirectoryOptions {
  readonly directory: string;
  readonly lock: "wait" | "fail";
  readonly required: StateRequirement;
  readonly onEvent: (event: CopyEvent) => void;
}

/**
 * "not-kept": the state could not be written; the copy holds it in memory. The next process does not know what this one
 * accepted: it may accept an older release, and if this copy made the first pin, the next process has no pin.
 */
export type StateOutcome = "kept" | "not-kept";

/** What to do if the state cannot be written. */
export type StateRequirement = "best-effort" | "required";

/** The pinned root and the state that belongs to it. */
export interface Cached {
  readonly pin: Uint8Array;
  readonly state: CacheState;
}

export interface ExclusivelyOptions {
  readonly signal?: AbortSignal | undefined;
  /** What to do if another process holds the lock. Default: the option of the directory. */
  readonly lock?: CacheDirectoryOptions["lock"];
}

export interface CacheDirectory {
  /** Whether the last save was written to disk. */
  outcome(): StateOutcome;
  /** Returns undefined if nothing is pinned. */
  load(): Promise<Cached | undefined>;
  /** Returns undefined if the file is missing or damaged. */
  read(name: FileHash): Promise<Uint8Array | undefined>;
  /**
   * Writes the files first, then the pin, then the state that names them.
   * @throws FileError if the disk is full or faulty; CopyError COPY_STATE_NOT_KEPT
   */
  save(next: Cached, files: ReadonlyMap<FileHash, Uint8Array>): Promise<void>;
  /** The last refresh, or fetch of a target, that failed, if any. */
  findFailure(): Promise<RefreshFailure | undefined>;
  /** Does nothing if the directory cannot be written, because no protection depends on it. */
  saveFailure(failure: RefreshFailure): Promise<void>;
  /** Runs `work` with the lock, so that one process writes at a time. Without a lock if the directory is read-only. */
  exclusively<T>(work: () => Promise<T>, options?: ExclusivelyOptions): Promise<T>;
}

export function fileHash(bytes: Uint8Array): FileHash {
  return createHash("sha256").update(bytes).digest("hex");
}

/** `memory` is set if the state could not be written. */
interface Cache {
  readonly directory: string;
  readonly metadataDirectory: string;
  readonly required: StateRequirement;
  readonly onEvent: (event: CopyEvent) => void;
  memory: (Cached & { readonly files: ReadonlyMap<FileHash, Uint8Array> }) | undefined;
}

export function createCacheDirectory(options: CacheDirectoryOptions): CacheDirectory {
  const { directory, lock, required, onEvent } = options;
  const metadataDirectory = join(directory, "metadata");
  const cache: Cache = { directory, metadataDirectory, required, onEvent, memory: undefined };
  const onWait = (wait: LockWait): void => onEvent({ kind: "lock-awaited", ...wait });
  return {
    outcome: () => (cache.memory === undefined ? "kept" : "not-kept"),
    load: () => load(cache),
    read: (name) => read(cache, name),
    save: (next, files) => save(cache, next, files),
    findFailure: () => findFailure(directory),
    saveFailure: (failure) => saveFailure(directory, failure).catch(ignoreFaults),
    async exclusively(work, { signal, lock: wait = lock } = {}) {
      let started = false;
      try {
        await createDirectory(directory, { mode: 0o700 });
        return await withLock(join(directory, "lock"), { wait, onWait, signal }, () => {
          started = true;
          return work();
        });
      } catch (error) {
        if (started || !isReadOnly(error)) throw error;
        refuseIfRequired(cache, error);
        return work();
      }
    },
  };
}

async function load(cache: Cache): Promise<Cached | undefined> {
  if (cache.memory !== undefined) return cache.memory;
  const pin = await findFile(join(cache.directory, "pin.json"), { maxBytes: stateMaxBytes });
  return pin === undefined ? undefined : { pin, state: await loadState(cache, fileHash(pin)) };
}

/** Returns an empty state, so that everything is fetched again, if the state is damaged or belongs to another pin. */
async function loadState({ directory, onEvent }: Cache, pin: FileHash): Promise<CacheState> {
  try {
    const bytes = await findFile(join(directory, "state.json"), { maxBytes: stateMaxBytes });
    if (bytes === undefined) return emptyState(pin);
    const state = parseState(Buffer.from(bytes).toString("utf8"));
    return state.pin === pin ? state : { ...emptyState(pin), refreshedAt: state.refreshedAt };
  } catch (error) {
    if (!CopyError.is(error) && !FileError.is(error)) throw error;
    onEvent({ kind: "cache-healed", what: "state.json", error });
    return emptyState(pin);
  }
}

async function read(cache: Cache, name: FileHash): Promise<Uint8Array | undefined> {
  const kept = cache.memory?.files.get(name);
  if (kept !== undefined) return kept;
  const what = `${name}.json`;
  let fault: unknown;
  try {
    const bytes = await findFile(join(cache.metadataDirectory, what), { maxBytes: cachedFileMaxBytes });
    if (bytes !== undefined && fileHash(bytes) === name) return bytes;
  } catch (error) {
    fault = error;
  }
  cache.onEvent({ kind: "cache-healed", what: `metadata/${what}`, error: fault });
  return undefined;
}

async function save(cache: Cache, next: Cached, files: ReadonlyMap<FileHash, Uint8Array>): Promise<void> {
  const { directory, onEvent, memory } = cache;
  try {
    await write(cache, next, new Map([...(memory?.files ?? []), ...files]));
    cache.memory = undefined;
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    refuseIfRequired(cache, error);
    if (memory === undefined) onEvent({ kind: "state-not-kept", directory, error });
    cache.memory = { ...next, files: new Map([...(memory?.files ?? []), ...files]) };
  }
}

function refuseIfRequired({ directory, required }: Cache, cause: unknown): void {
  if (required === "best-effort") return;
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  throw new CopyError("COPY_STATE_NOT_KEPT", `the state in ${directory} cannot be written${why}`, {
    details: { directory },
    cause,
  });
}

async function write(cache: Cache, next: Cached, files: ReadonlyMap<FileHash, Uint8Array>): Promise<void> {
  const { directory, metadataDirectory } = cache;
  const previous = await load(cache);
  await verifyDirectories([metadataDirectory]);
  await createDirectory(metadataDirectory, { mode: 0o700 });
  // No sync for delegated roles: there may be thousands, and a lost one is fetched again. Top-level roles must survive a
  // power cut, because they protect from rollback.
  const delegated = new Set(next.state.delegated.values());
  for (const [name, bytes] of files) {
    const path = join(metadataDirectory, `${name}.json`);
    const contentSync = delegated.has(name) ? "none" : "at-commit";
    await writeStateFile(path, bytes, { mode: 0o600, directorySync: "later", contentSync });
  }
  await syncDirectory(metadataDirectory);
  if (previous === undefined || fileHash(previous.pin) !== next.state.pin || cache.memory !== undefined) {
    await writeStateFile(join(directory, "pin.json"), next.pin, { mode: 0o600 });
  }
  await writeStateFile(join(directory, "state.json"), encodeState(next.state), { mode: 0o600 });
  // If the sweep fails, the next save removes the files.
  await sweep(metadataDirectory, [next.state, ...(previous === undefined ? [] : [previous.state])]).catch(ignoreFaults);
}

/** Removes files that no state names. Files of the previous state stay until the next save, for concurrent readers. */
async function sweep(metadataDirectory: string, states: readonly CacheState[]): Promise<void> {
  const named = new Set(states.flatMap((state) => [...namedFiles(state)]));
  for (const name of await fileCall(metadataDirectory, () => readdir(metadataDirectory))) {
    const outdated = /^[0-9a-f]{64}\.json$/.test(name) && !named.has(name.slice(0, 64));
    if (!outdated && !isTemporaryFile(name)) continue;
    await fileCall(metadataDirectory, () => rm(join(metadataDirectory, name), { recursive: true, force: true }));
  }
}

function isReadOnly(error: unknown): boolean {
  return FileError.is(error) && error.code === "FILE_READ_ONLY";
}

function ignoreFaults(error: unknown): void {
  if (!FileError.is(error)) throw error;
}

function* namedFiles(state: CacheState): Iterable<FileHash | undefined> {
  yield* state.roots;
  yield* Object.values(state.accepted);
  yield* Object.values(state.complete ?? {});
  yield* state.delegated.values();
}
