/**
 * One refresh (TUF 5.3 to 5.6): gives the trusted set the files that it asks for, from the cache if possible, else from a
 * view of a source, and keeps the accepted files. It does not know where the view gets its bytes.
 *
 * Cached files go through the same checks as fetched files; a cached file that fails is fetched again. If the set refuses a
 * fetched file, the error is thrown and the file is never kept, so the next refresh needs no cleanup.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ProgressCallback } from "@dtuf/registry";
import {
  createTrustedSet,
  TufError,
  type Limits,
  type TopLevelRole,
  type TrustedSet,
  type WantedFile,
} from "@dtuf/tuf";
import type { CacheDraft, CachedRole } from "../state/cache-draft.ts";
import { CopyError } from "../errors.ts";
import type { MetadataView } from "../sources/source.ts";
import { withFileInError } from "./file-in-error.ts";

export interface FetchContext {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressCallback | undefined;
}

export interface RefreshContext extends FetchContext {
  readonly draft: CacheDraft;
  /** TUF's fixed update start time; the caller reads the clock once. */
  readonly now: Date;
  readonly limits: Partial<Limits> | undefined;
}

/**
 * Loads the cached metadata: complete, verified from the pin on, and not expired.
 * @throws TufError; CopyError COPY_OFFLINE_NOTHING_CACHED
 */
export async function loadCached({ draft, now, limits }: RefreshContext): Promise<TrustedSet> {
  const set = createTrustedSet({ root: draft.pin, now, limits });
  await updateCachedRoots(set, draft);
  set.finishRoot();
  set.updateTimestamp(await cachedFile(draft, "timestamp"));
  set.finishTimestamp();
  if (set.updateSnapshot(await cachedFile(draft, "snapshot"), "cache") === "stale") throw nothingCached("snapshot");
  set.updateTargets(await cachedFile(draft, "targets"));
  return set;
}

async function cachedFile(draft: CacheDraft, role: CachedRole): Promise<Uint8Array> {
  const bytes = await draft.find(role);
  if (bytes === undefined) throw nothingCached(role);
  return bytes;
}

export function nothingCached(role: string): CopyError {
  return new CopyError("COPY_OFFLINE_NOTHING_CACHED", `no usable ${role} is cached; refresh with a connection`, {
    details: { role },
  });
}

/**
 * A full refresh.
 * @throws TufError; CopyError COPY_NOT_PUBLISHED, COPY_METADATA_MISSING; errors of the view
 */
export async function refresh(context: RefreshContext, view: MetadataView): Promise<TrustedSet> {
  const { draft, now, limits } = context;
  const set = createTrustedSet({ root: draft.pin, now, limits });
  const pinned = set.root.signed.version;
  await updateCachedRoots(set, draft);
  for await (const { version, bytes } of walkRoots(set, context, view)) draft.keepRoot(version - pinned - 1, bytes);
  set.finishRoot();
  await updateTimestamp(set, context, view);
  const early = prefetchTargets(set, context, view);
  try {
    await updateSnapshot(set, context, view);
    await updateTargets(set, context, { view, early });
  } finally {
    early?.controller.abort();
  }
  return set;
}

async function updateCachedRoots(set: TrustedSet, draft: CacheDraft): Promise<void> {
  for (let index = 0; ; index++) {
    const bytes = await draft.findRoot(index);
    if (bytes === undefined || !accepted(() => set.updateRoot(bytes))) return;
  }
}

/** TUF 5.3: ends at the first root that definitely does not exist. Roots beyond the limit are left to the next refresh. */
export async function* walkRoots(
  set: TrustedSet,
  context: FetchContext,
  view: MetadataView,
): AsyncGenerator<{ readonly version: number; readonly bytes: Uint8Array }> {
  for (let walked = 0; walked < set.limits.maxRootRotations; walked++) {
    const wanted = set.wanted("root");
    const bytes = await fetch("root", wanted, { context, view });
    if (bytes === undefined) return;
    const root = withFileInError(view, { role: "root", version: wanted.version }, () => set.updateRoot(bytes));
    yield { version: root.signed.version, bytes };
  }
}

async function updateTimestamp(set: TrustedSet, context: RefreshContext, view: MetadataView): Promise<void> {
  const cached = await context.draft.find("timestamp");
  if (cached !== undefined) accepted(() => set.updateTimestamp(cached));
  const bytes = await fetch("timestamp", set.wanted("timestamp"), { context, view });
  if (bytes === undefined) throw notPublished(set);
  const outcome = withFileInError(view, { role: "timestamp", version: undefined }, () => set.updateTimestamp(bytes));
  set.finishTimestamp();
  if (outcome === "updated") context.draft.keep("timestamp", bytes);
}

function notPublished(set: TrustedSet): CopyError {
  return set.timestamp === undefined
    ? new CopyError("COPY_NOT_PUBLISHED", "no repository is published there: the source has no timestamp")
    : new CopyError("COPY_METADATA_MISSING", "no repository is published there now, but this machine has pulled one", {
        details: { role: "timestamp" },
      });
}

async function updateSnapshot(set: TrustedSet, context: RefreshContext, view: MetadataView): Promise<void> {
  const cached = await context.draft.find("snapshot");
  if (cached !== undefined && accepted(() => set.updateSnapshot(cached, "cache") === "current")) return;
  const bytes = await fetchPromised("snapshot", set, { context, view });
  withFileInError(view, { role: "snapshot", version: set.wanted("snapshot").version }, () =>
    set.updateSnapshot(bytes, "source"),
  );
  context.draft.keep("snapshot", bytes);
}

interface EarlyTargets {
  readonly version: number;
  readonly bytes: Promise<Uint8Array | undefined>;
  readonly controller: AbortController;
}

/** If the view has a hint for targets, requests targets at the same time as the snapshot that lists them. */
function prefetchTargets(set: TrustedSet, context: RefreshContext, view: MetadataView): EarlyTargets | undefined {
  const hint = view.hint?.("targets");
  if (hint === undefined || context.draft.state.accepted.targets === hint.sha256) return undefined;
  const { version } = hint;
  const controller = new AbortController();
  const { signal = controller.signal } = context;
  const bytes = view.findMetadata({
    role: "targets",
    version,
    maxBytes: set.limits.targetsMaxBytes,
    signal: AbortSignal.any([signal, controller.signal]),
  });
  // Prevents an unhandled rejection; `updateTargets` awaits the promise if it needs the bytes.
  bytes.catch(() => undefined);
  return { version, bytes, controller };
}

async function updateTargets(
  set: TrustedSet,
  context: RefreshContext,
  { view, early }: { readonly view: MetadataView; readonly early: EarlyTargets | undefined },
): Promise<void> {
  const cached = await context.draft.find("targets");
  if (cached !== undefined && accepted(() => set.updateTargets(cached))) return;
  const promised = early?.version === set.wanted("targets").version ? await early?.bytes : undefined;
  const bytes = promised ?? (await fetchPromised("targets", set, { context, view }));
  withFileInError(view, { role: "targets", version: set.wanted("targets").version }, () => set.updateTargets(bytes));
  context.draft.keep("targets", bytes);
}

interface Fetching {
  readonly context: FetchContext;
  readonly view: MetadataView;
}

async function fetchPromised(role: TopLevelRole, set: TrustedSet, fetching: Fetching): Promise<Uint8Array> {
  const wanted = set.wanted(role);
  const bytes = await fetch(role, wanted, fetching);
  if (bytes === undefined) throw missing(role, wanted.version);
  return bytes;
}

/**
 * Returns undefined if the view does not have the file. A source can make a refresh ask for a thousand files without any
 * input or output, so the event loop runs after each file, and the signal is checked before the next.
 */
export async function fetch(
  role: string,
  wanted: WantedFile,
  { context, view }: Fetching,
): Promise<Uint8Array | undefined> {
  context.signal?.throwIfAborted();
  const { version, length, hashes, maxBytes } = wanted;
  const bytes = await view.findMetadata({ role, version, length, hashes, maxBytes, signal: context.signal });
  await nextTurn();
  if (bytes !== undefined) {
    const { length: size } = bytes;
    context.onProgress?.({ step: "download", kind: "metadata", name: role, bytes: size, totalBytes: size });
  }
  return bytes;
}

export function missing(role: string, version: number | undefined): CopyError {
  const what = version === undefined ? role : `${role} version ${version}`;
  return new CopyError("COPY_METADATA_MISSING", `the source does not have ${what}, which signed metadata lists`, {
    details: { role, ...(version === undefined ? {} : { version }) },
  });
}

/** Returns false if the rules refuse the cached file. */
function accepted(step: () => unknown): boolean {
  try {
    return step() !== false;
  } catch (error) {
    if (TufError.is(error)) return false;
    throw error;
  }
}
