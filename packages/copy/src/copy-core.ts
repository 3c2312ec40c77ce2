/** Shared by the calls of one copy: its state on disk, its record of pulled targets, and the loaded repository. */
import { join, resolve } from "node:path";
import { findTargetIndex } from "@dtuf/format";
import { FileError } from "@dtuf/registry/files";
import type { TargetPath } from "@dtuf/tuf";
import { withTargetInError } from "./refresh/file-in-error.ts";
import { findTrustedRoot, keepFirstPin } from "./refresh/trusted-root.ts";
import { createCacheDirectory, type CacheDirectory } from "./state/cache-directory.ts";
import type {
  CallOptions,
  CopyOptions,
  CopySettings,
  PinResult,
  PullMetadataOptions,
  RefreshResult,
  SaveOptions,
  TargetDestination,
} from "./calls.ts";
import { guardCallback, isCallbackFault } from "./callbacks.ts";
import type { CopyEvent } from "./events.ts";
import { frozenCopy } from "./frozen.ts";
import { defaultDeadlines } from "./refresh/deadline.ts";
import { findUpdated, listFiles, type ListedTarget } from "./targets/list-targets.ts";
import type { OpenTargetContext } from "./targets/open-target.ts";
import { noteFailure, saveDraft, type LoadRepositoryContext } from "./refresh/pull-metadata.ts";
import { createPulledMemory, type PulledMemory } from "./state/pulled-memory.ts";
import { createSeedMemory, type SeedMemory } from "./state/seed-memory.ts";
import type { SaveTargetContext } from "./targets/save-target.ts";
import { createRepositoryHolder, type RepositoryHolder } from "./refresh/repository-holder.ts";
import { describeLoaded, type LoadedRepository } from "./refresh/loaded-repository.ts";
import { createRepositorySource } from "./sources/repository-source.ts";
import type { Source, TargetInfo } from "./sources/source.ts";
import { createFileHashes, type FileHashes } from "./state/file-hashes.ts";

export interface CopyCore {
  readonly options: CopySettings & { readonly now: () => Date };
  readonly source: Source;
  /** Location of the source, for display. */
  readonly place: string;
  /** Closes the connections that were opened for `repository`. */
  readonly close: () => Promise<void>;
  readonly directory: CacheDirectory;
  readonly memory: PulledMemory;
  readonly seeds: SeedMemory;
  readonly hashes: FileHashes;
  readonly holder: RepositoryHolder;
  readonly onEvent: (event: CopyEvent) => void;
}

export function createCopyCore(options: CopyOptions): CopyCore {
  const { directory, lock = "wait", state: required = "best-effort", now = (): Date => new Date() } = options;
  const onEvent = guardCallback(options.onEvent);
  return {
    ...sourceOf(options),
    options: { ...options, now },
    onEvent,
    directory: createCacheDirectory({ directory, lock, required, onEvent }),
    memory: createPulledMemory(join(directory, "pulled")),
    seeds: createSeedMemory(join(directory, "seeds")),
    hashes: createFileHashes(),
    holder: createRepositoryHolder(),
  };
}

function sourceOf(options: CopyOptions): Pick<CopyCore, "source" | "place" | "close"> {
  if (options.source !== undefined) {
    const { source, place } = options;
    return { source, place, close: () => Promise.resolve() };
  }
  return { ...createRepositorySource(options.repository, options), place: options.repository };
}

/** Pins the `root` option of the copy, if nothing is pinned. */
async function pinFirst(core: CopyCore, context: LoadRepositoryContext): Promise<void> {
  const { root } = core.options;
  if (root !== undefined) await keepFirstPin(root, context);
}

/** @throws the signal's reason, if it was aborted before the call */
export function loadContext(core: CopyCore, call: CallOptions = {}): LoadRepositoryContext {
  const { now, knownPast, limits, deadlines: changed } = core.options;
  const { directory, onEvent, place, source } = core;
  const { signal, maxAgeMs } = call;
  signal?.throwIfAborted();
  const deadlines = { ...defaultDeadlines, ...changed };
  const onProgress = guardCallback(call.onProgress);
  const { sites } = source;
  return { directory, sites, place, now: now(), knownPast, maxAgeMs, limits, deadlines, onEvent, signal, onProgress };
}

/** @throws the signal's reason, if it was aborted before the call */
export function fetchContext(
  { options, source, hashes, onEvent }: CopyCore,
  call: CallOptions = {},
): OpenTargetContext {
  const { signal, mode = "online" } = call;
  signal?.throwIfAborted();
  const { directory } = options;
  const sites = mode === "offline" ? source.sites.filter(({ reach }) => reach === "local") : source.sites;
  return {
    sites,
    mode,
    hashes,
    onEvent,
    signal,
    onProgress: guardCallback(call.onProgress),
    spoolDirectory: directory,
  };
}

export function saveContext(core: CopyCore, call: SaveOptions = {}): SaveTargetContext {
  const { partial = "keep", same = "write" } = call;
  const seeds = (call.seeds ?? []).map((path) => ({ path: resolve(path) }));
  return { ...fetchContext(core, call), partial, same, seeds, directorySync: "at-commit" };
}

export async function pullMetadata(core: CopyCore, call: PullMetadataOptions = {}): Promise<RefreshResult> {
  const { mode = "online", pin: requested, replace = false, delegations = "follow" } = call;
  const context = loadContext(core, call);
  if (requested === undefined) await pinFirst(core, context);
  const { loaded, trustedRoot, status, site } = await core.holder.refresh(mode, { requested, replace }, context);
  const updatedTargets = await findUpdated(loaded, { ...context, pulled: await loadPulled(core), delegations });
  if (mode !== "offline") {
    await bestEffort(core, async () => {
      await core.holder.keep(loaded, core.directory);
      await core.memory.compact();
    });
  }
  const { pin, previousPin } = trustedRoot;
  return {
    status,
    state: core.directory.outcome(),
    site,
    pin,
    previousPin,
    updatedTargets,
    ...describeLoaded(loaded),
  };
}

/** If the record cannot be read, targets are reported as updated once more. Nothing else depends on it. */
async function loadPulled({ memory, onEvent }: CopyCore): Promise<ReadonlyMap<string, string>> {
  try {
    return await memory.load();
  } catch (error) {
    if (!FileError.is(error)) throw error;
    onEvent({ kind: "cache-healed", what: "pulled", error });
    return new Map();
  }
}

export async function pinRoot(
  core: CopyCore,
  root: Uint8Array,
  { replace = false }: Pick<PullMetadataOptions, "replace"> = {},
): Promise<PinResult> {
  const context = loadContext(core);
  return core.directory.exclusively(async () => {
    const trustedRoot = await findTrustedRoot(
      { requested: { kind: "root", bytes: root }, replace },
      undefined,
      context,
    );
    if (trustedRoot.change !== "kept") await saveDraft(trustedRoot.draft, core.directory);
    return { ...trustedRoot.pin, state: core.directory.outcome(), previousPin: trustedRoot.previousPin };
  });
}

/** Runs `work` on the loaded repository, and saves the roles that it fetched. */
export async function useLoaded<T>(
  core: CopyCore,
  call: CallOptions | undefined,
  work: (loaded: LoadedRepository, context: LoadRepositoryContext) => Promise<T>,
): Promise<T> {
  const context = loadContext(core, call);
  await pinFirst(core, context);
  const loaded = await core.holder.open(call?.mode ?? "online", context);
  try {
    return await work(loaded, context);
  } finally {
    await bestEffort(core, () => core.holder.keep(loaded, core.directory));
  }
}

export async function* listTargets(core: CopyCore, call: CallOptions | undefined): AsyncGenerator<TargetPath> {
  for await (const { path } of listAll(core, call)) yield path;
}

export async function* listTargetFiles(core: CopyCore, call: CallOptions | undefined): AsyncGenerator<ListedTarget> {
  for await (const listed of listAll(core, call)) yield frozenCopy(listed);
}

async function* listAll(core: CopyCore, call: CallOptions | undefined): AsyncGenerator<ListedTarget> {
  const context = loadContext(core, call);
  await pinFirst(core, context);
  const loaded = await core.holder.open(call?.mode ?? "online", context);
  try {
    yield* listFiles(loaded, context);
  } finally {
    await bestEffort(core, () => core.holder.keep(loaded, core.directory));
  }
}

/**
 * Records the content that the program received: from now on the target is reported as updated only if its content
 * differs.
 */
export function rememberPulled({ memory, ...core }: CopyCore, targets: readonly TargetInfo[]): Promise<void> {
  return bestEffort(core, () => memory.add(targets));
}

export interface FetchedTarget {
  readonly target: TargetInfo;
  readonly call: CallOptions | undefined;
}

/** Runs `work`, which fetches the target. If it fails, the error names the target, and `inspect` reports it. */
export async function fetchTarget<T>(
  { directory, options, source: { sites } }: CopyCore,
  { target, call }: FetchedTarget,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (call?.signal?.aborted === true || isCallbackFault(thrown)) throw thrown;
    const error = withTargetInError(thrown, target);
    if (call?.mode !== "offline") await noteFailure(error, { directory, sites, now: options.now() });
    throw error;
  }
}

/** Adds the file that the target was last saved to. */
export async function withLastSeed(
  { seeds: kept }: CopyCore,
  { path }: TargetInfo,
  context: SaveTargetContext,
): Promise<SaveTargetContext> {
  const last = await kept.find(path);
  return last === undefined ? context : { ...context, seeds: [last, ...context.seeds] };
}

/** Records where a target was saved, for its next version, if it has a chunk index. */
export async function rememberSeed(
  { seeds, ...core }: CopyCore,
  { target, destination }: TargetDestination,
  index: Uint8Array | undefined,
): Promise<void> {
  const sha256 = target.hashes.get("sha256");
  if (sha256 === undefined || findTargetIndex(target.file) === undefined) return;
  const { path, length } = target;
  const written = { target: path, length, sha256, file: resolve(destination), index };
  await bestEffort(core, () => seeds.add(written));
}

/** Writes a cache. If it cannot be written, the call still succeeds and an event reports the failure. */
async function bestEffort(
  { onEvent, options: { directory } }: Pick<CopyCore, "onEvent" | "options">,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!FileError.is(error)) throw error;
    onEvent({ kind: "cache-not-kept", directory, error });
  }
}
