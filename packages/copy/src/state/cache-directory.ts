/**
 * The client's state on disk: `pin.json` (the anchor, a root as it was handed over), `state.json`, and the metadata files
 * under `metadata/`, byte for byte as served, each named by its SHA-256.
 *
 * Guaranteed: at every moment the old state or the new one is there; readers need no lock; a file whose bytes do not
 * have the hash of its name does not exist; where nothing can be written, the state lives in memory as long as this value.
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
 * "not-kept": the state could not be written; it lives in memory as long as the copy. The next process does not know what
 * this one accepted: it may accept an older release, and it is not pinned if this copy pinned first.
 */
export type StateOutcome = "kept" | "not-kept";

/** What happens if the state should be written and cannot be. */
export type StateRequirement = "best-effort" | "required";

/** What the state hangs on, together with the state. */
export interface Cached {
  readonly pin: Uint8Array;
  readonly state: CacheState;
}

export interface ExclusivelyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Where another is at it. Default: as the directory was opened. */
  readonly lock?: CacheDirectoryOptions["lock"];
}

export interface CacheDirectory {
  /** Of what was saved last. */
  outcome(): StateOutcome;
  /** Undefined: nothing is pinned. @throws CopyError COPY_STATE_FOREIGN where a pin is there but cannot be one */
  load(): Promise<Cached | undefined>;
  /** Undefined: not there, or damaged. */
  read(name: FileHash): Promise<Uint8Array | undefined>;
  /**
   * Files first, then the pin, then the state that names them.
   * @throws FileError where the disk is full or faulty; CopyError COPY_STATE_NOT_KEPT
   */
  save(next: Cached, files: ReadonlyMap<FileHash, Uint8Array>): Promise<void>;
  /** Of the last refresh that failed. */
  findFailure(): Promise<RefreshFailure | undefined>;
  /** Where it cannot be written, nothing is lost that protects. */
  saveFailure(failure: RefreshFailure): Promise<void>;
  /** One writer at a time, over all processes. Where nothing can be written, nothing need be locked. */
  exclusively<T>(work: () => Promise<T>, options?: ExclusivelyOptions): Promise<T>;
}

export function fileHash(bytes: Uint8Array): FileHash {
  return createHash("sha256").update(bytes).digest("hex");
}

/** One state; `memory` is set where it could not be written. */
interface Place {
  readonly directory: string;
  readonly metadataDirectory: string;
  readonly required: StateRequirement;
  readonly onEvent: (event: CopyEvent) => void;
  memory: (Cached & { readonly files: ReadonlyMap<FileHash, Uint8Array> }) | undefined;
}

export function createCacheDirectory(options: CacheDirectoryOptions): CacheDirectory {
  const { directory, lock, required, onEvent } = options;
  const metadataDirectory = join(directory, "metadata");
  const place: Place = { directory, metadataDirectory, required, onEvent, memory: undefined };
  const onWait = (wait: LockWait): void => onEvent({ kind: "lock-awaited", ...wait });
  return {
    outcome: () => (place.memory === undefined ? "kept" : "not-kept"),
    load: () => load(place),
    read: (name) => read(place, name),
    save: (next, files) => save(place, next, files),
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
        refuseIfRequired(place, error);
        return work();
      }
    },
  };
}

async function load(place: Place): Promise<Cached | undefined> {
  if (place.memory !== undefined) return place.memory;
  const pin = await findFile(join(place.directory, "pin.json"), { maxBytes: stateMaxBytes });
  return pin === undefined ? undefined : { pin, state: await loadState(place, fileHash(pin)) };
}

/** Without a usable state, or with another pin's, everything is fetched again. */
async function loadState({ directory, onEvent }: Place, pin: FileHash): Promise<CacheState> {
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

async function read(place: Place, name: FileHash): Promise<Uint8Array | undefined> {
  const kept = place.memory?.files.get(name);
  if (kept !== undefined) return kept;
  const what = `${name}.json`;
  let fault: unknown;
  try {
    const bytes = await findFile(join(place.metadataDirectory, what), { maxBytes: cachedFileMaxBytes });
    if (bytes !== undefined && fileHash(bytes) === name) return bytes;
  } catch (error) {
    fault = error;
  }
  place.onEvent({ kind: "cache-healed", what: `metadata/${what}`, error: fault });
  return undefined;
}

async function save(place: Place, next: Cached, files: ReadonlyMap<FileHash, Uint8Array>): Promise<void> {
  const { directory, onEvent, memory } = place;
  try {
    await write(place, next, new Map([...(memory?.files ?? []), ...files]));
    place.memory = undefined;
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    refuseIfRequired(place, error);
    if (memory === undefined) onEvent({ kind: "state-not-kept", directory, error });
    place.memory = { ...next, files: new Map([...(memory?.files ?? []), ...files]) };
  }
}

function refuseIfRequired({ directory, required }: Place, cause: unknown): void {
  if (required === "best-effort") return;
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  throw new CopyError("COPY_STATE_NOT_KEPT", `the state in ${directory} cannot be written${why}`, {
    details: { directory },
    cause,
  });
}

async function write(place: Place, next: Cached, files: ReadonlyMap<FileHash, Uint8Array>): Promise<void> {
  const { directory, metadataDirectory } = place;
  const previous = await load(place);
  await verifyDirectories([metadataDirectory]);
  await createDirectory(metadataDirectory, { mode: 0o700 });
  // Delegated roles may be thousands; one that a power cut takes is fetched again, what guards against rollback must stay.
  const delegated = new Set(next.state.delegated.values());
  for (const [name, bytes] of files) {
    const path = join(metadataDirectory, `${name}.json`);
    const contentSync = delegated.has(name) ? "none" : "at-commit";
    await writeStateFile(path, bytes, { mode: 0o600, directorySync: "later", contentSync });
  }
  await syncDirectory(metadataDirectory);
  if (previous === undefined || fileHash(previous.pin) !== next.state.pin || place.memory !== undefined) {
    await writeStateFile(join(directory, "pin.json"), next.pin, { mode: 0o600 });
  }
  await writeStateFile(join(directory, "state.json"), encodeState(next.state), { mode: 0o600 });
  // What a fault leaves lying here the next save sweeps away.
  await sweep(metadataDirectory, [next.state, ...(previous === undefined ? [] : [previous.state])]).catch(ignoreFaults);
}

/** The files of the state before stay one round longer, for readers that have just read it. */
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
