/**
 * The cached metadata while a refresh works on it: the state on disk plus the files accepted since. Nothing is written to
 * disk until the caller saves the draft, all of it in one step.
 */
import type { Snapshot } from "@dtuf/tuf";
import { fileHash, type Cached, type CacheDirectory } from "./cache-directory.ts";
import { emptyState, noFiles, type CacheState, type FileHash, type TopLevelFiles } from "./state-file.ts";

export type CachedRole = keyof TopLevelFiles;

export interface CacheDraft {
  readonly pin: Uint8Array;
  readonly state: CacheState;
  /** Files that are not on disk yet. */
  readonly files: ReadonlyMap<FileHash, Uint8Array>;
  /** The n-th root after the pin, from 0. */
  findRoot(index: number): Promise<Uint8Array | undefined>;
  find(role: CachedRole): Promise<Uint8Array | undefined>;
  findDelegated(role: string): Promise<Uint8Array | undefined>;
  /** Drops the cached roots from this index on, unless the root is the same. */
  keepRoot(index: number, bytes: Uint8Array): void;
  keep(role: CachedRole, bytes: Uint8Array): void;
  keepDelegated(role: string, bytes: Uint8Array): void;
  /**
   * Call it after a complete refresh: the accepted files belong together. Drops delegated roles that the snapshot does
   * not list.
   */
  finish(result: Pick<CacheState, "place" | "revision" | "refreshedAt">, snapshot: Snapshot | undefined): void;
  /** Call it after `files` were written to disk. */
  saved(): void;
  /** A draft of the last complete release, if a refresh was interrupted since. */
  fallBack(): CacheDraft | undefined;
}

export function createCacheDraft({ pin, state: before }: Cached, directory: CacheDirectory): CacheDraft {
  let state = before;
  const delegated = new Map(before.delegated);
  const files = new Map<FileHash, Uint8Array>();

  async function read(name: FileHash | undefined): Promise<Uint8Array | undefined> {
    return name === undefined ? undefined : (files.get(name) ?? (await directory.read(name)));
  }

  return {
    pin,
    files,
    get state() {
      return { ...state, delegated: new Map(delegated) };
    },
    findRoot: (index) => read(state.roots[index]),
    find: (role) => read(state.accepted[role]),
    findDelegated: (role) => read(delegated.get(role)),
    keepRoot(index, bytes) {
      const name = add(files, bytes);
      if (state.roots[index] !== name) state = { ...state, roots: [...state.roots.slice(0, index), name] };
    },
    keep(role, bytes) {
      const name = add(files, bytes);
      if (state.accepted[role] === name) return;
      const complete = state.complete ?? state.accepted;
      state = { ...state, complete, accepted: { ...state.accepted, [role]: name }, revision: undefined };
    },
    keepDelegated(role, bytes) {
      delegated.set(role, add(files, bytes));
    },
    finish(result, snapshot) {
      state = { ...state, ...result, complete: undefined };
      for (const role of delegated.keys()) if (snapshot?.meta.has(`${role}.json`) !== true) delegated.delete(role);
    },
    saved: () => files.clear(),
    fallBack: () => fallBack({ pin, state: { ...state, delegated } }, directory),
  };
}

function add(files: Map<FileHash, Uint8Array>, bytes: Uint8Array): FileHash {
  const name = fileHash(bytes);
  files.set(name, bytes);
  return name;
}

function fallBack({ pin, state }: Cached, directory: CacheDirectory): CacheDraft | undefined {
  const { complete } = state;
  if (complete === undefined) return undefined;
  return createCacheDraft({ pin, state: { ...state, accepted: complete, complete: undefined } }, directory);
}

/** The draft of a state that has only its pin. */
export function createEmptyDraft(pin: Uint8Array, directory: CacheDirectory): CacheDraft {
  return createCacheDraft({ pin, state: { ...emptyState(fileHash(pin)), accepted: noFiles } }, directory);
}
