/**
 * One call of pullMetadata: which root to start from, which site to ask, whether to ask at all, and what to write down.
 * One writer at a time; whoever only reads the cache takes no lock.
 */
import { parseUnverified, TufError, type Limits } from "@dtuf/tuf";
import { findAnchor, keepFirstPin, type Anchor, type PinWish } from "./anchor.ts";
import type { CacheDraft } from "../state/cache-draft.ts";
import type { CacheDirectory } from "../state/cache-directory.ts";
import { isCallbackFault } from "../callbacks.ts";
import { CopyError, type CopyErrorCode } from "../errors.ts";
import type { CopyEvent } from "../events.ts";
import { openTimedView, startDeadline, type Deadlines } from "./deadline.ts";
import { clockToleranceMs } from "../limits.ts";
import { loadCached, refresh, type FetchContext } from "./refresh.ts";
import type { Session } from "./session.ts";
import { firstThatWorks } from "../sources/first-that-works.ts";
import type { MetadataView, Site } from "../sources/source.ts";
import { FileError } from "@dtuf/registry/files";

export type RefreshMode =
  /** Asks the source. */
  | "online"
  /** Asks the source only where the cached metadata has expired, or there is none. */
  | "cache-if-valid"
  /** Asks nobody. */
  | "offline";

export interface OpenSessionContext extends FetchContext {
  readonly directory: CacheDirectory;
  readonly sites: readonly Site[];
  readonly place: string;
  readonly now: Date;
  readonly knownPast: Date | undefined;
  readonly limits: Partial<Limits> | undefined;
  readonly deadlines: Deadlines;
  readonly onEvent: (event: CopyEvent) => void;
}

export interface OpenedSession {
  readonly session: Session;
  readonly anchor: Anchor;
  readonly status: "fresh" | "unchanged" | "stale-but-valid";
  /** The site that answered; undefined where none was asked. */
  readonly site: string | undefined;
}

export async function openSession(
  mode: RefreshMode,
  wish: PinWish,
  context: OpenSessionContext,
): Promise<OpenedSession> {
  if (wish.offer?.kind === "root") await keepFirstPin(wish.offer.bytes, context);
  if (mode === "offline") return openCached(wish, [], context);
  if (mode === "cache-if-valid" && wish.offer === undefined) {
    try {
      // Of a valid cache too, a delegated role may never have been fetched.
      const views = context.sites.map((site) => openTimedView(site, context.deadlines));
      return await openCached(wish, views, context);
    } catch (error) {
      const isNoUse = TufError.is(error) || isCopyError(error, "COPY_OFFLINE_NOTHING_CACHED");
      if (!isNoUse || isCallbackFault(error)) throw error;
    }
  }
  try {
    return await context.directory.exclusively(() => openOnline(wish, context), { signal: context.signal });
  } catch (error) {
    if (context.signal?.aborted !== true && !isCallbackFault(error)) await noteFailure(error, context);
    throw error;
  }
}

/** So that a person can be told later why this machine did not update. */
async function noteFailure(error: unknown, { directory, sites, now }: OpenSessionContext): Promise<void> {
  if (!(error instanceof Error) || isCopyError(error, "COPY_NOT_PINNED")) return;
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const sources = sites.map(({ name }) => name);
  await directory.saveFailure({ at: now, code, message: error.message, sources });
}

/**
 * Without a request, and without a lock: where a writer swept a file away in between, the state is read once more.
 * The views are for delegated roles that are not cached; none where nobody is to be asked.
 */
async function openCached(
  wish: PinWish,
  views: readonly MetadataView[],
  context: OpenSessionContext,
): Promise<OpenedSession> {
  for (let last: CacheDraft["state"] | undefined; ;) {
    const anchor = await findAnchor(wish, undefined, context);
    const { state } = anchor.draft;
    verifyClock(state.refreshedAt, context);
    try {
      return await openDraft(anchor, views, context);
    } catch (error) {
      if (!isCopyError(error, "COPY_OFFLINE_NOTHING_CACHED") || JSON.stringify(last) === JSON.stringify(state))
        throw error;
      last = state;
    }
  }
}

async function openDraft(
  anchor: Anchor,
  views: readonly MetadataView[],
  context: OpenSessionContext,
): Promise<OpenedSession> {
  const opened = (draft: CacheDraft, set: Session["set"]): OpenedSession => {
    const session = { set, draft, views, delegated: new Map() };
    return { session, anchor, status: "stale-but-valid", site: undefined };
  };
  const { draft } = anchor;
  const earlier = draft.fallBack();
  try {
    return opened(draft, await loadCached({ ...context, draft }));
  } catch (error) {
    if (earlier === undefined || !isRefusal(error)) throw error;
    // The last refresh broke off; the one before it still holds.
    return opened(earlier, await loadCached({ ...context, draft: earlier }));
  }
}

async function openOnline(wish: PinWish, context: OpenSessionContext): Promise<OpenedSession> {
  const { sites, signal, onEvent } = context;
  const onFailure = ({ name }: Site, error: unknown): void => {
    if (sites.length > 1) onEvent({ kind: "site-skipped", site: name, error });
  };
  const attempt = (site: Site): Promise<OpenedSession> => openSiteInTime(site, wish, context);
  const opened = await firstThatWorks(sites, attempt, { signal, isFinal, onFailure });
  if (opened === undefined) throw new TypeError("a source has at least one site");
  return opened;
}

/** Only requests are cut off: what is being written is written. */
async function openSiteInTime(site: Site, wish: PinWish, context: OpenSessionContext): Promise<OpenedSession> {
  const limitMs = context.deadlines.refreshMs;
  const deadline = startDeadline({ what: `a refresh from ${site.name}`, limitMs, signal: context.signal });
  try {
    return await openSite(site, wish, { ...context, signal: deadline.signal });
  } finally {
    deadline.end();
  }
}

const finalCodes: readonly CopyErrorCode[] = [
  "COPY_NOT_PINNED",
  "COPY_PIN_OLDER",
  "COPY_PIN_OTHER_CHAIN",
  "COPY_CLOCK_SUSPECT",
  "COPY_STATE_FOREIGN",
];

/** What no other site could mend. */
function isFinal(error: unknown): boolean {
  return isCallbackFault(error) || FileError.is(error) || (CopyError.is(error) && finalCodes.includes(error.code));
}

async function openSite(site: Site, wish: PinWish, context: OpenSessionContext): Promise<OpenedSession> {
  const view = openTimedView(site, context.deadlines);
  const anchor = await findAnchor(wish, view, context);
  verifyClock(anchor.draft.state.refreshedAt, context);
  const unchanged = await openUnchanged(anchor, view, context);
  const set = unchanged ?? (await refreshDraft(anchor, view, context));
  const status = unchanged === undefined && isNew(anchor) ? "fresh" : "unchanged";
  const revision = unchanged === undefined ? view.knownRevision?.() : anchor.draft.state.revision;
  await keep(anchor, { set, revision }, context);
  const others = context.sites.filter((other) => other !== site);
  const session = {
    set,
    draft: anchor.draft,
    views: [view, ...others.map((other) => openTimedView(other, context.deadlines))],
    delegated: new Map(),
  };
  return { session, anchor, status, site: site.name };
}

/** Files that are not on disk yet are what this refresh brought. */
function isNew({ draft, change }: Anchor): boolean {
  return change === "first" || change === "replaced" || draft.files.size > 0;
}

/** One cheap request, where the source shows the marker that was remembered and the cache has not expired. */
async function openUnchanged(
  { draft, change }: Anchor,
  view: MetadataView,
  context: OpenSessionContext,
): Promise<Session["set"] | undefined> {
  const { revision } = draft.state;
  if (change !== "kept" || revision === undefined || view.findRevision === undefined) return undefined;
  if (await isRenewalLikely(draft, context.now)) return undefined;
  if ((await view.findRevision({ signal: context.signal })) !== revision) return undefined;
  try {
    return await loadCached({ ...context, draft });
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/**
 * Whether asking for the marker would be a round trip for nothing: the cached timestamp has expired, or less than half of
 * what it had left at the last look is left. Publishers renew before expiry. Only a guess at which request to make.
 */
async function isRenewalLikely(draft: CacheDraft, now: Date): Promise<boolean> {
  const { refreshedAt } = draft.state;
  const expires = findExpiry(await draft.find("timestamp"));
  if (expires === undefined || refreshedAt === undefined) return true;
  return 2 * (expires.getTime() - now.getTime()) < expires.getTime() - refreshedAt.getTime();
}

function findExpiry(timestamp: Uint8Array | undefined): Date | undefined {
  try {
    return timestamp === undefined ? undefined : parseUnverified(timestamp, "timestamp").expires;
  } catch (error) {
    if (TufError.is(error)) return undefined;
    throw error;
  }
}

/** What was accepted before a refusal stays accepted; a pin takes hold only with a refresh that got through. */
async function refreshDraft(anchor: Anchor, view: MetadataView, context: OpenSessionContext): Promise<Session["set"]> {
  const { draft, change } = anchor;
  try {
    return await refresh({ ...context, draft }, view);
  } catch (error) {
    if (change === "kept" && draft.files.size > 0) await saveDraft(draft, context.directory);
    throw error;
  }
}

async function keep(
  { draft, change }: Anchor,
  { set, revision }: { readonly set: Session["set"]; readonly revision: string | undefined },
  { place, now, directory }: OpenSessionContext,
): Promise<void> {
  const { refreshedAt, ...before } = draft.state;
  const recent = refreshedAt !== undefined && now.getTime() - refreshedAt.getTime() < clockToleranceMs;
  const isSame = revision === before.revision && place === before.place;
  const same = change === "kept" && draft.files.size === 0 && isSame && directory.outcome() === "kept";
  // Writing the time alone can wait, because a check every minute must not wear out a disk; but not after a failure.
  if (same && recent && ((await directory.findFailure())?.at ?? 0) < refreshedAt) return;
  draft.finish({ place, revision, refreshedAt: now }, set.snapshot?.signed);
  await saveDraft(draft, directory);
}

export async function saveDraft(draft: CacheDraft, directory: CacheDirectory): Promise<void> {
  await directory.save({ pin: draft.pin, state: draft.state }, draft.files);
  draft.saved();
}

/** @throws CopyError COPY_CLOCK_SUSPECT: a clock that is behind would let expired metadata pass */
function verifyClock(refreshedAt: Date | undefined, { now, knownPast }: OpenSessionContext): void {
  const known = Math.max(refreshedAt?.getTime() ?? 0, knownPast?.getTime() ?? 0);
  if (now.getTime() >= known - clockToleranceMs) return;
  const past = new Date(known).toISOString();
  throw new CopyError("COPY_CLOCK_SUSPECT", `the clock says ${now.toISOString()}, but ${past} is already past`, {
    details: { now: now.toISOString(), knownPast: past },
  });
}

function isRefusal(error: unknown): boolean {
  return (TufError.is(error) || CopyError.is(error)) && !isCallbackFault(error);
}

function isCopyError(error: unknown, code: CopyErrorCode): boolean {
  return CopyError.is(error) && error.code === code;
}
