/** Settings -> a client, for as long as a command needs it. */
import {
  CopyError,
  createCopy,
  createMirroredSource,
  createStoreSource,
  type CallOptions,
  type Copy,
  type CopyEvent,
  type RefreshMode,
  type Source,
} from "@dtuf/copy";
import { parseTargetPath, type TargetPath } from "@dtuf/tuf";
import type { Context } from "../context/command.ts";
import { connect, hostChoice } from "../connection/connection.ts";
import { describeWait } from "../connection/lock-wait.ts";
import {
  describePlainUrl,
  openPlainSite,
  parsePlainUrl,
  plainUrlOf,
  plainRepositoryAt,
  reachSite,
  type PlainSite,
} from "../connection/plain-site.ts";
import { repositoriesRoot, withRepositoriesRoot } from "../connection/repositories-root.ts";
import { describePlace, findTargetsPlace, resolvePlace, stateDirectory, type Place } from "../connection/place.ts";
import { isPlainUrl } from "../context/grammar/grammar.ts";
import { UsageError } from "../context/usage.ts";
import { addNear } from "../targets/near-names.ts";
import {
  addStateOwner,
  createFindStateOwner,
  findRecordedPlace,
  type FindStateOwner,
} from "../connection/state-owner.ts";
import { findStat } from "../context/settings/find-stat.ts";

type Work<Result> = (copy: Copy, findOwner: FindStateOwner) => Promise<Result>;

interface Opened {
  readonly source: Source;
  readonly place: string;
  /** Under which name the state is kept. */
  readonly repository: string;
  /** "by-default": nobody named a registry, so it is the embedded one. */
  readonly chosen: "by-name" | "by-default";
  /** The directory of the layout, if it is the only source. */
  readonly layout: string | undefined;
  close(): Promise<void>;
}

/** Without a pin the command fails, and leaves no directory in the place where it was called. */
export async function withCopy<Result>(context: Context, repo: string, work: Work<Result>): Promise<Result> {
  return openCopy(context, { repo, begins: false }, work);
}

/** For commands that are given what to pin. A directory that holds no repository is refused before anything is kept. */
export async function withNewCopy<Result>(context: Context, repo: string, work: Work<Result>): Promise<Result> {
  return withRepositoriesRoot(context, () => openCopy(context, { repo, begins: true }, work));
}

/** A state of the caller's own, which must be writable. */
export interface OwnState {
  readonly directory: string;
  /** Pinned if nothing is. */
  readonly root: Uint8Array | undefined;
  /** Before those of the setting. */
  readonly mirrors: readonly string[];
}

export async function withOwnCopy<Result>(
  context: Context,
  { repo, ...own }: OwnState & { readonly repo: string },
  work: Work<Result>,
): Promise<Result> {
  return openCopy(context, { repo, begins: false, own }, work);
}

interface Opening {
  readonly repo: string;
  /** A state, if there is none. */
  readonly begins: boolean;
  /** Default: that of the repository. */
  readonly own?: OwnState;
}

async function openCopy<Result>(context: Context, { repo, begins, own }: Opening, work: Work<Result>): Promise<Result> {
  const opened = await openSource(context, repo, own?.mirrors ?? []);
  try {
    const copy = createCopy({
      source: opened.source,
      place: opened.place,
      directory: own?.directory ?? stateDirectory(repositoriesRoot(context), opened.repository, "copy"),
      root: own?.root,
      now: context.io.now,
      state: own !== undefined || context.values.on("require-state") ? "required" : "best-effort",
      onEvent: (event) => context.terminal.note(describeEvent(event)),
    });
    if (opened.chosen === "by-default") await refuseOtherState(context, copy, opened.place);
    if (begins) await refuseMissingLayout(context, copy, opened);
    const { directory } = repositoriesRoot(context);
    const findOwner = createFindStateOwner(copy, { name: opened.repository, directory, place: opened.place });
    return await work(copy, findOwner).catch(async (error: unknown) => {
      if (own === undefined) await addStateOwner(error, findOwner);
      const targets = (): Promise<readonly string[]> =>
        Array.fromAsync(copy.listTargets({ mode: "offline", signal: context.io.signal }));
      await addNear(error, { targets });
      throw error;
    });
  } finally {
    await opened.close();
  }
}

/** State that came from elsewhere is not answered from the embedded registry because a variable was forgotten. */
async function refuseOtherState(context: Context, copy: Copy, place: string): Promise<void> {
  const recorded = await findRecordedPlace(copy);
  if (recorded === undefined || recorded === place) return;
  const variable = context.variable("host");
  throw new UsageError(
    `${variable} is not set, and what was pulled here came from ${recorded}, not from ${place}`,
    `set ${variable}, or name the registry in <repo>`,
  );
}

/** A mistyped name or a wrong directory is no first source: a pin that is there already shows that it was one. */
async function refuseMissingLayout({ values }: Context, copy: Copy, { layout, place }: Opened): Promise<void> {
  if (layout === undefined || values.on("offline") || (await findStat(layout)) !== undefined) return;
  if (await isPinned(copy)) return;
  throw new CopyError("COPY_NOT_PUBLISHED", `there is no repository at ${place}`, { details: { place } });
}

export async function isPinned(copy: Copy): Promise<boolean> {
  try {
    await copy.inspect();
    return true;
  } catch (error) {
    if (!CopyError.is(error)) throw error;
    return false;
  }
}

/** Where `<repo>` is, or the plain repository of metadata-url, whose state `<repo>` only names; then the mirrors. */
async function openSource(context: Context, repo: string, mirrors: readonly string[]): Promise<Opened> {
  const { values } = context;
  const url = values.text("metadata-url") || undefined;
  const metadataUrl = url === undefined ? undefined : plainUrlOf(context, url);
  const first = resolvePlace(repo, { ...hostChoice(context), ...(url === undefined ? {} : { host: "oci:." }) });
  const host = metadataUrl?.host || hostOf(first);
  const opening = [
    metadataUrl === undefined
      ? openPlace(context, first, host)
      : openPlainSite(plainRepositoryAt(metadataUrl, context), (asked) => reachSite(context, asked)),
    ...[...mirrors, ...values.list("mirror")].map((mirror) => openMirror(context, mirror, host)),
  ];
  const opened = await Promise.all(opening);
  return {
    source: createMirroredSource(opened.map(({ source }) => source)),
    place: metadataUrl === undefined ? describePlace(first) : describePlainUrl(metadataUrl),
    repository: first.repository,
    layout: opening.length === 1 && metadataUrl === undefined && first.kind === "layout" ? first.directory : undefined,
    chosen: metadataUrl !== undefined || isNamed(context, repo, first) ? "by-name" : "by-default",
    close: async () => void (await Promise.all(opened.map((one) => one.close()))),
  };
}

/** What the settings say of who we are is for the host of the first place: a mirror has credentials of its own, or none. */
function openMirror(context: Context, mirror: string, named: string | undefined): Promise<PlainSite> {
  return isPlainUrl(mirror)
    ? openPlainSite({ metadataUrl: parsePlainUrl(mirror) }, (url) => reachSite(context, url, { of: named }))
    : openPlace(context, resolvePlace(mirror, hostChoice(context)), named);
}

function isNamed({ values }: Context, repo: string, place: Place): boolean {
  return place.kind === "registry" || repo.startsWith("oci:") || values.text("host") !== undefined;
}

function hostOf(place: Place): string | undefined {
  return place.kind === "registry" ? place.host : undefined;
}

async function openPlace(context: Context, place: Place, named: string | undefined): Promise<PlainSite> {
  const connection = await connect(context, place, named);
  const reach = place.kind === "registry" ? "network" : "local";
  const beside = findTargetsPlace(place);
  const targets = beside === undefined ? undefined : await connect(context, beside, named);
  return {
    source: createStoreSource(connection.store, { name: connection.name, reach, otherTargets: targets?.store }),
    close: async () => void (await Promise.all([connection.close(), targets?.close()])),
  };
}

const failedWays = {
  seed: "made from older files",
  ranges: "fetched by ranges",
  patch: "made from a patch",
  compressed: "made from its compressed copy",
} as const;

export function describeEvent(event: CopyEvent): string {
  const why = "error" in event && event.error instanceof Error ? event.error.message : "";
  switch (event.kind) {
    case "site-skipped":
      return `passed over ${event.site}: ${why}`;
    case "index-unused":
      return `${event.path} has a chunk index that cannot be used, so it is verified as a whole first: ${why}`;
    case "way-failed":
      return `${event.path} could not be ${failedWays[event.way]}, so more of it is fetched: ${why}`;
    case "role-skipped":
      return `left out the targets of the role ${event.role}: ${why}`;
    case "state-not-kept":
      return `cannot write the state in ${event.directory}: ${why}. What this run accepted is forgotten when it ends: the next run is not protected from an older release (rollback)`;
    case "cache-not-kept":
      return `cannot write in ${event.directory}, going on without: ${why}`;
    case "lock-awaited":
      return describeWait(event);
    case "cache-healed":
      return `fetched again, because the cached file was no good: ${event.what}: ${why}`;
  }
}

function refreshMode({ values }: Context): RefreshMode {
  if (values.on("offline")) return "offline";
  return values.on("cache-if-valid") ? "cache-if-valid" : "online";
}

/** How a call reads: which sources, and how old the cache may be. */
export function callOptions(context: Context): CallOptions {
  const { io, values } = context;
  return { mode: refreshMode(context), maxAgeMs: values.durationMs("cache-if-valid"), signal: io.signal };
}

/** @throws TufError TUF_NAME_INVALID */
export function parseTargets(names: readonly string[]): readonly TargetPath[] {
  return names.map((name) => parseTargetPath(name));
}
