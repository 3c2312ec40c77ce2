/**
 * One call of pullMetadata: decides which root to start from, which site to ask, whether to ask at all, and what to save.
 * One writer at a time; a call that only reads the cache takes no lock.
 */
import { parseUnverified, TufError, type Limits } from "@dtuf/tuf";
import { findTrustedRoot, keepFirstPin, notPinned, type TrustedRoot, type PinRequest } from "./trusted-root.ts";
import type { CacheDraft } from "../state/cache-draft.ts";
import type { CacheDirectory } from "../state/cache-directory.ts";
import { isCallbackFault } from "../callbacks.ts";
import { CopyError, type CopyErrorCode } from "../errors.ts";
import type { CopyEvent } from "../events.ts";
import { openTimedView, startDeadline, type Deadlines } from "./deadline.ts";
import { clockToleranceMs } from "../limits.ts";
import { loadCached, nothingCached, refresh, type FetchContext } from "./refresh.ts";
import type { LoadedRepository } from "./loaded-repository.ts";
import { firstThatWorks } from "../sources/first-that-works.ts";
import type { MetadataView, Site } from "../sources/source.ts";
import { FileError } from "@dtuf/registry/files";

export type RefreshMode =
  /** Asks the source. */
  | "online"
  /** Asks the source only if the cached metadata has expired or is missing. */
  | "cache-if-valid"
  /** Makes no request. */
  | "offline";

export interface LoadRepositoryContext extends FetchContext {
  readonly directory: CacheDirectory;
  readonly sites: readonly Site[];
  readonly place: string;
  readonly now: Date;
  readonly knownPast: Date | undefined;
  /** Limit of the age of a cache that is used without asking, in milliseconds. */
  readonly maxAgeMs?: number | undefined;
  readonly limits: Partial<Limits> | undefined;
  readonly deadlines: Deadlines;
  readonly onEvent: (event: CopyEvent) => void;
}

export interface LoadOutcome {
  readonly loaded: LoadedRepository;
  readonly trustedRoot: TrustedRoot;
  readonly status: "fresh" | "unchanged" | "stale-but-valid";
  /** The site that answered; undefined if no site was asked. */
  readonly site: string | undefined;
}

export async function loadRepository(
  mode: RefreshMode,
  request: PinRequest,
  context: LoadRepositoryContext,
): Promise<LoadOutcome> {
  if (request.requested?.kind === "root") await keepFirstPin(request.requested.bytes, context);
  if (mode === "offline") return openCached(request, [], context);
  if (mode === "cache-if-valid" && request.requested === undefined) {
    try {
      await verifyAge(context);
      // Views are needed even if the cache is valid, because a delegated role may not have been fetched yet.
      const views = context.sites.map((site) => openTimedView(site, context.deadlines));
      return await openCached(request, views, context);
    } catch (error) {
      const isNoUse = TufError.is(error) || isCopyError(error, "COPY_OFFLINE_NOTHING_CACHED");
      if (!isNoUse || isCallbackFault(error)) throw error;
    }
  }
  // Before the lock, which is a file: a call that cannot begin leaves nothing in the place where it was made.
  if (request.requested === undefined && (await context.directory.load()) === undefined) throw notPinned();
  try {
    return await context.directory.exclusively(() => openOnline(request, context), { signal: context.signal });
  } catch (error) {
    if (context.signal?.aborted !== true && !isCallbackFault(error)) await noteFailure(error, context);
    throw error;
  }
}

/** @throws CopyError COPY_OFFLINE_NOTHING_CACHED if the last refresh is older than `maxAgeMs` */
async function verifyAge({ directory, maxAgeMs, now }: LoadRepositoryContext): Promise<void> {
  if (maxAgeMs === undefined) return;
  const { refreshedAt } = (await directory.load())?.state ?? {};
  if (refreshedAt !== undefined && now.getTime() - refreshedAt.getTime() <= maxAgeMs) return;
  throw nothingCached("timestamp");
}

/** Saves the reason of a failed call, so that `inspect` can report why this machine did not update. */
export async function noteFailure(
  error: unknown,
  { directory, sites, now }: Pick<LoadRepositoryContext, "directory" | "sites" | "now">,
): Promise<void> {
  if (!(error instanceof Error) || isCopyError(error, "COPY_NOT_PINNED")) return;
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const sources = sites.map(({ name }) => name);
  await directory.saveFailure({ at: now, code, message: error.message, sources });
}

/**
 * Loads the cache without a request and without a lock. If a writer removed a file in between, reads the state again.
 * `views` are asked for delegated roles that are not cached; the list is empty if no request is allowed.
 */
async function openCached(
  request: PinRequest,
  views: readonly MetadataView[],
  context: LoadRepositoryContext,
): Promise<LoadOutcome> {
  for (let last: CacheDraft["state"] | undefined; ;) {
    const trustedRoot = await findTrustedRoot(request, undefined, context);
    const { state } = trustedRoot.draft;
    verifyClock(state.refreshedAt, context);
    try {
      return await openDraft(trustedRoot, views, context);
    } catch (error) {
      if (!isCopyError(error, "COPY_OFFLINE_NOTHING_CACHED") || JSON.stringify(last) === JSON.stringify(state))
        throw error;
      last = state;
    }
  }
}

async function openDraft(
  trustedRoot: TrustedRoot,
  views: readonly MetadataView[],
  context: LoadRepositoryContext,
): Promise<LoadOutcome> {
  const opened = (draft: CacheDraft, set: LoadedRepository["set"]): LoadOutcome => {
    const loaded = { set, draft, views, delegated: new Map() };
    return { loaded, trustedRoot, status: "stale-but-valid", site: undefined };
  };
  const { draft } = trustedRoot;
  const earlier = draft.fallBack();
  try {
    return opened(draft, await loadCached({ ...context, draft }));
  } catch (error) {
    if (earlier === undefined || !isRefusal(error)) throw error;
    // The last refresh was interrupted; the release before it is complete.
    return opened(earlier, await loadCached({ ...context, draft: earlier }));
  }
}

async function openOnline(request: PinRequest, context: LoadRepositoryContext): Promise<LoadOutcome> {
  const { sites, signal, onEvent } = context;
  const onFailure = ({ name }: Site, error: unknown): void => {
    if (sites.length > 1) onEvent({ kind: "site-skipped", site: name, error });
  };
  const attempt = (site: Site): Promise<LoadOutcome> => openSiteInTime(site, request, context);
  const opened = await firstThatWorks(sites, attempt, { signal, isFinal, onFailure });
  if (opened === undefined) throw new TypeError("a source has at least one site");
  return opened;
}

/** The deadline aborts requests only, not writes to the state. */
async function openSiteInTime(site: Site, request: PinRequest, context: LoadRepositoryContext): Promise<LoadOutcome> {
  const limitMs = context.deadlines.refreshMs;
  const deadline = startDeadline({ what: `a refresh from ${site.name}`, limitMs, signal: context.signal });
  try {
    return await openSite(site, request, { ...context, signal: deadline.signal });
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

/** Whether no other site could make the call succeed. */
function isFinal(error: unknown): boolean {
  return isCallbackFault(error) || FileError.is(error) || (CopyError.is(error) && finalCodes.includes(error.code));
}

async function openSite(site: Site, request: PinRequest, context: LoadRepositoryContext): Promise<LoadOutcome> {
  const view = openTimedView(site, context.deadlines);
  const trustedRoot = await findTrustedRoot(request, view, context);
  verifyClock(trustedRoot.draft.state.refreshedAt, context);
  const unchanged = await openUnchanged(trustedRoot, view, context);
  const set = unchanged ?? (await refreshDraft(trustedRoot, view, context));
  const status = unchanged === undefined && isNew(trustedRoot) ? "fresh" : "unchanged";
  const revision = unchanged === undefined ? view.knownRevision?.() : trustedRoot.draft.state.revision;
  await keep(trustedRoot, { set, revision }, context);
  const others = context.sites.filter((other) => other !== site);
  const loaded = {
    set,
    draft: trustedRoot.draft,
    views: [view, ...others.map((other) => openTimedView(other, context.deadlines))],
    delegated: new Map(),
  };
  return { loaded, trustedRoot, status, site: site.name };
}

/** Whether this refresh brought new files: those are not on disk yet. */
function isNew({ draft, change }: TrustedRoot): boolean {
  return change === "first" || change === "replaced" || draft.files.size > 0;
}

/**
 * Returns the cached set after one cheap request, if the source still has the remembered revision and the cache has not
 * expired.
 */
async function openUnchanged(
  { draft, change }: TrustedRoot,
  view: MetadataView,
  context: LoadRepositoryContext,
): Promise<LoadedRepository["set"] | undefined> {
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
 * Whether asking for the revision would probably waste a round trip: the cached timestamp has expired, or less than half of
 * its lifetime at the last refresh is left, and publishers renew before expiry. It only decides which request comes first.
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

/** If the refresh fails, saves the files accepted so far. A new pin is saved only after a complete refresh. */
async function refreshDraft(
  trustedRoot: TrustedRoot,
  view: MetadataView,
  context: LoadRepositoryContext,
): Promise<LoadedRepository["set"]> {
  const { draft, change } = trustedRoot;
  try {
    return await refresh({ ...context, draft }, view);
  } catch (error) {
    if (change === "kept" && draft.files.size > 0) await saveDraft(draft, context.directory);
    throw error;
  }
}

async function keep(
  { draft, change }: TrustedRoot,
  { set, revision }: { readonly set: LoadedRepository["set"]; readonly revision: string | undefined },
  { place, now, directory }: LoadRepositoryContext,
): Promise<void> {
  const { refreshedAt, ...before } = draft.state;
  const recent = refreshedAt !== undefined && now.getTime() - refreshedAt.getTime() < clockToleranceMs;
  const isSame = revision === before.revision && place === before.place;
  const same = change === "kept" && draft.files.size === 0 && isSame && directory.outcome() === "kept";
  // Saves nothing if only the time changed, because a refresh every minute would wear out a disk; but always after a
  // failure.
  if (same && recent && ((await directory.findFailure())?.at ?? 0) < refreshedAt) return;
  draft.finish({ place, revision, refreshedAt: now }, set.snapshot?.signed);
  await saveDraft(draft, directory);
}

export async function saveDraft(draft: CacheDraft, directory: CacheDirectory): Promise<void> {
  await directory.save({ pin: draft.pin, state: draft.state }, draft.files);
  draft.saved();
}

/** @throws CopyError COPY_CLOCK_SUSPECT, because a clock that is behind would accept expired metadata */
function verifyClock(refreshedAt: Date | undefined, { now, knownPast }: LoadRepositoryContext): void {
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
