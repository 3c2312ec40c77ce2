/**
 * The loaded repository that calls share: loaded when first needed, until a refresh replaces it or its metadata expires.
 */
import { FileError } from "@dtuf/registry/files";
import type { CacheDirectory } from "../state/cache-directory.ts";
import type { CacheDraft } from "../state/cache-draft.ts";
import { loadRepository, type LoadOutcome, type LoadRepositoryContext, type RefreshMode } from "./pull-metadata.ts";
import type { PinRequest } from "./trusted-root.ts";
import { validUntil, type LoadedRepository } from "./loaded-repository.ts";

export interface RepositoryHolder {
  refresh(mode: RefreshMode, request: PinRequest, context: LoadRepositoryContext): Promise<LoadOutcome>;
  /** A repository that was loaded offline is used by offline calls only. */
  open(mode: RefreshMode, context: LoadRepositoryContext): Promise<LoadedRepository>;
  /** Saves the delegated roles that were fetched since. Does nothing if another process holds the lock. */
  keep(loaded: LoadedRepository, directory: CacheDirectory): Promise<void>;
}

export function createRepositoryHolder(): RepositoryHolder {
  let current: LoadedRepository | undefined;

  async function refresh(mode: RefreshMode, request: PinRequest, context: LoadRepositoryContext): Promise<LoadOutcome> {
    const opened = await loadRepository(mode, request, context);
    current = opened.loaded;
    return opened;
  }

  return {
    refresh,
    async open(mode, context) {
      const held = current;
      const fits = held !== undefined && (mode === "offline") === (held.views.length === 0);
      if (fits && validUntil(held) > context.now) return held;
      return (await refresh(mode, { requested: undefined, replace: false }, context)).loaded;
    },
    async keep({ draft }, directory) {
      if (draft.files.size === 0) return;
      try {
        await directory.exclusively(() => keepRoles(draft, directory), { lock: "fail" });
      } catch (error) {
        if (!FileError.is(error) || error.code !== "FILE_LOCKED") throw error;
      }
    },
  };
}

/** Adds to the state that another process may have saved since. Saves nothing if the snapshot differs. */
async function keepRoles(draft: CacheDraft, directory: CacheDirectory): Promise<void> {
  const cached = await directory.load();
  if (cached === undefined || cached.state.accepted.snapshot !== draft.state.accepted.snapshot) return;
  const delegated = new Map([...cached.state.delegated, ...draft.state.delegated]);
  await directory.save({ pin: cached.pin, state: { ...cached.state, delegated } }, draft.files);
  draft.saved();
}
