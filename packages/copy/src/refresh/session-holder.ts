/** The session that calls share: opened when first needed, until a refresh replaces it or its metadata expires. */
import { FileError } from "@dtuf/registry/files";
import type { CacheDirectory } from "../state/cache-directory.ts";
import type { CacheDraft } from "../state/cache-draft.ts";
import { openSession, type OpenedSession, type OpenSessionContext, type RefreshMode } from "./pull-metadata.ts";
import type { PinWish } from "./anchor.ts";
import { validUntil, type Session } from "./session.ts";

export interface SessionHolder {
  refresh(mode: RefreshMode, wish: PinWish, context: OpenSessionContext): Promise<OpenedSession>;
  /** Offline sessions serve offline calls only. */
  open(mode: RefreshMode, context: OpenSessionContext): Promise<Session>;
  /** Writes down the delegated roles that were fetched meanwhile: a cache, which nobody waits for. */
  keep(session: Session, directory: CacheDirectory): Promise<void>;
}

export function createSessionHolder(): SessionHolder {
  let current: Session | undefined;

  async function refresh(mode: RefreshMode, wish: PinWish, context: OpenSessionContext): Promise<OpenedSession> {
    const opened = await openSession(mode, wish, context);
    current = opened.session;
    return opened;
  }

  return {
    refresh,
    async open(mode, context) {
      const held = current;
      const fits = held !== undefined && (mode === "offline") === (held.views.length === 0);
      if (fits && validUntil(held) > context.now) return held;
      return (await refresh(mode, { offer: undefined, replace: false }, context)).session;
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

/** Another process may have refreshed since: what it knows stays, and roles of another snapshot are of no use. */
async function keepRoles(draft: CacheDraft, directory: CacheDirectory): Promise<void> {
  const cached = await directory.load();
  if (cached === undefined || cached.state.accepted.snapshot !== draft.state.accepted.snapshot) return;
  const delegated = new Map([...cached.state.delegated, ...draft.state.delegated]);
  await directory.save({ pin: cached.pin, state: { ...cached.state, delegated } }, draft.files);
  draft.saved();
}
