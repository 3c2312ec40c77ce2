/** What the calls of one copy share: its state on disk, its memory of pulled targets, the session in use. */
import { join } from "node:path";
import { FileError } from "@dtuf/registry/files";
import type { TargetPath } from "@dtuf/tuf";
import { findAnchor, keepFirstPin } from "./refresh/anchor.ts";
import { createCacheDirectory, type CacheDirectory } from "./state/cache-directory.ts";
import type {
  CallOptions,
  CopyOptions,
  CopySettings,
  PinResult,
  PullMetadataOptions,
  RefreshResult,
  SaveOptions,
} from "./calls.ts";
import { guardCallback } from "./callbacks.ts";
import type { CopyEvent } from "./events.ts";
import { frozenCopy } from "./frozen.ts";
import { defaultDeadlines } from "./refresh/deadline.ts";
import { findUpdated, listFiles, type ListedTarget } from "./targets/list-targets.ts";
import type { OpenTargetContext } from "./targets/open-target.ts";
import { saveDraft, type OpenSessionContext } from "./refresh/pull-metadata.ts";
import { createPulledMemory, type PulledMemory } from "./state/pulled-memory.ts";
import type { SaveTargetContext } from "./targets/save-target.ts";
import { createSessionHolder, type SessionHolder } from "./refresh/session-holder.ts";
import { describeSession, type Session } from "./refresh/session.ts";
import { createRepositorySource } from "./sources/repository-source.ts";
import type { Source, TargetInfo } from "./sources/source.ts";

/** What every call needs. */
export interface CopyCore {
  readonly options: CopySettings & { readonly now: () => Date };
  readonly source: Source;
  /** Where the source is, for people. */
  readonly place: string;
  /** Ends the connections that were opened for `repository`. */
  readonly close: () => Promise<void>;
  readonly directory: CacheDirectory;
  readonly memory: PulledMemory;
  readonly holder: SessionHolder;
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
    holder: createSessionHolder(),
  };
}

function sourceOf(options: CopyOptions): Pick<CopyCore, "source" | "place" | "close"> {
  if (options.source !== undefined) {
    const { source, place } = options;
    return { source, place, close: () => Promise.resolve() };
  }
  return { ...createRepositorySource(options.repository, options), place: options.repository };
}

/** Pins the root that the copy was made with, if nothing is pinned. */
async function pinFirst(core: CopyCore, context: OpenSessionContext): Promise<void> {
  const { root } = core.options;
  if (root !== undefined) await keepFirstPin(root, context);
}

/** @throws the signal's reason, where it was aborted before the call */
export function sessionContext(core: CopyCore, call: CallOptions = {}): OpenSessionContext {
  const { now, knownPast, limits, deadlines: changed } = core.options;
  const { directory, onEvent, place, source } = core;
  const { signal } = call;
  signal?.throwIfAborted();
  const deadlines = { ...defaultDeadlines, ...changed };
  const onProgress = guardCallback(call.onProgress);
  const { sites } = source;
  return { directory, sites, place, now: now(), knownPast, limits, deadlines, onEvent, signal, onProgress };
}

/** @throws the signal's reason, where it was aborted before the call */
export function fetchContext({ options, source, onEvent }: CopyCore, call: CallOptions = {}): OpenTargetContext {
  const { signal, mode = "online" } = call;
  signal?.throwIfAborted();
  const { directory } = options;
  const sites = mode === "offline" ? source.sites.filter(({ reach }) => reach === "local") : source.sites;
  return { sites, mode, onEvent, signal, onProgress: guardCallback(call.onProgress), spoolDirectory: directory };
}

export function saveContext(core: CopyCore, call: SaveOptions = {}): SaveTargetContext {
  const lockDirectory = join(core.options.directory, "locks");
  return { ...fetchContext(core, call), partial: call.partial ?? "keep", lockDirectory };
}

export async function pullMetadata(core: CopyCore, call: PullMetadataOptions = {}): Promise<RefreshResult> {
  const { mode = "online", pin: offer, replace = false, delegations = "follow" } = call;
  const context = sessionContext(core, call);
  if (offer === undefined) await pinFirst(core, context);
  const { session, anchor, status, site } = await core.holder.refresh(mode, { offer, replace }, context);
  const updatedTargets = await findUpdated(session, { ...context, pulled: await loadPulled(core), delegations });
  if (mode !== "offline") {
    await forgiving(core, async () => {
      await core.holder.keep(session, core.directory);
      await core.memory.compact();
    });
  }
  const { pin, previousPin } = anchor;
  return {
    status,
    state: core.directory.outcome(),
    site,
    pin,
    previousPin,
    updatedTargets,
    ...describeSession(session),
  };
}

/** A memory that cannot be read makes names be reported once more, and nothing else. */
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
  const context = sessionContext(core);
  return core.directory.exclusively(async () => {
    const anchor = await findAnchor({ offer: { kind: "root", bytes: root }, replace }, undefined, context);
    if (anchor.change !== "kept") await saveDraft(anchor.draft, core.directory);
    return { ...anchor.pin, state: core.directory.outcome() };
  });
}

/** Runs `work` on the session in use, and keeps the roles that it fetched. */
export async function useSession<T>(
  core: CopyCore,
  call: CallOptions | undefined,
  work: (session: Session, context: OpenSessionContext) => Promise<T>,
): Promise<T> {
  const context = sessionContext(core, call);
  await pinFirst(core, context);
  const session = await core.holder.open(call?.mode ?? "online", context);
  try {
    return await work(session, context);
  } finally {
    await forgiving(core, () => core.holder.keep(session, core.directory));
  }
}

export async function* listTargets(core: CopyCore, call: CallOptions | undefined): AsyncGenerator<TargetPath> {
  for await (const { path } of listAll(core, call)) yield path;
}

export async function* listTargetFiles(core: CopyCore, call: CallOptions | undefined): AsyncGenerator<ListedTarget> {
  for await (const listed of listAll(core, call)) yield frozenCopy(listed);
}

async function* listAll(core: CopyCore, call: CallOptions | undefined): AsyncGenerator<ListedTarget> {
  const context = sessionContext(core, call);
  await pinFirst(core, context);
  const session = await core.holder.open(call?.mode ?? "online", context);
  try {
    yield* listFiles(session, context);
  } finally {
    await forgiving(core, () => core.holder.keep(session, core.directory));
  }
}

/** The target's bytes were handed over: from now on its name is reported only when its content differs from them. */
export function rememberPulled({ memory, ...core }: CopyCore, target: TargetInfo): Promise<void> {
  return forgiving(core, () => memory.add(target.path, target.file));
}

/** Caches and memories: where they cannot be written, the call has done its work all the same. */
async function forgiving(
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
