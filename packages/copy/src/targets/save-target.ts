/**
 * Saves a target to a file: hashed while it is written under a temporary name, then verified, synced and renamed. A partial
 * download of an earlier call is continued; if its bytes are wrong, the target is fetched again, from the first wrong chunk on if it has a
 * signed chunk index, else from the beginning.
 */
import { dirname, resolve } from "node:path";
import { freeing } from "@dtuf/registry";
import { fileCall, FileError, readFrom, syncDirectory, withLock } from "@dtuf/registry/files";
import { TufError } from "@dtuf/tuf";
import { fromSites, notFound, verifyingTarget, type FetchTargetContext } from "./fetch-part.ts";
import { isCallbackFault } from "../callbacks.ts";
import {
  findOwnFile,
  openPartialFile,
  partialLockPath,
  partialPath,
  readRange,
  verifyFreeSpace,
} from "./partial-file.ts";
import { keepVerified } from "./chunks/verified-beginning.ts";
import { costOfIndex, fillByChunks, type Filled } from "./chunks/fill-by-chunks.ts";
import { defaultFanOut, type FanOut } from "./chunks/fan-out.ts";
import { heldBytes, openChunkWay, type ChunkWay } from "./chunks/open-plan.ts";
import { planRest } from "./chunks/plan.ts";
import { findRoute, type Route } from "./patches/find-route.ts";
import type { SeedFile } from "./chunks/seed.ts";
import { continueFrom, writeWhole, type Download } from "./write-stream.ts";
import { costOf, type Fetching, type SaveReport, type TargetPlan, type Way } from "./ways.ts";
import { countedSite, createTraffic, type Traffic } from "../sources/counted-site.ts";
import { contentName } from "../state/pulled-memory.ts";
import type { Site, TargetInfo } from "../sources/source.ts";

export interface SaveTargetContext extends FetchTargetContext {
  readonly partial: "keep" | "remove";
  readonly same: "keep" | "write";
  /** "later": the caller makes the names durable, with `syncDirectory`. */
  readonly directorySync: "at-commit" | "later";
  /** Files to take chunks from, beside the one at the destination. */
  readonly seeds: readonly SeedFile[];
  /** How large targets are fetched. Default: as `defaultFanOut` says. */
  readonly fanOut?: Partial<FanOut> | undefined;
}

function fanOutOf({ fanOut }: SaveTargetContext): FanOut {
  return { ...defaultFanOut, ...fanOut };
}

export async function saveVerified(
  target: TargetInfo,
  destination: string,
  given: SaveTargetContext,
): Promise<SaveReport> {
  const path = resolve(destination);
  const { traffic, context } = counting(given);
  if (context.same === "keep" && (await hasTarget(path, target, context))) {
    return { outcome: "unchanged", ...traffic, ways: ["present"] };
  }
  const ways = new Set<Way>();
  const onWay = (way: Way): unknown => ways.add(way);
  const options = { destination: path, content: contentName(target.file) };
  await withDownloadLock(options, context.signal, async (name) => {
    const partial = await openPartialFile({ ...options, name });
    try {
      await verifyFreeSpace(dirname(path), target.length - partial.held);
      await fromSites(context, target, (site) => download(site, { target, partial, path, onWay }, context));
      await partial.commit();
      if (context.directorySync === "at-commit") await syncDirectory(dirname(path));
    } catch (error) {
      // Wrong bytes are of no use to the next call, but those before them may be.
      const isUseful = !isWrongContent(error) || (await keepRight({ target, partial }, context)) > 0;
      await partial.abort(isUseful ? context.partial : "remove");
      throw error;
    }
  });
  return { outcome: "written", ...traffic, ways: [...ways] };
}

/** Counts what is fetched from all sites. */
function counting(context: SaveTargetContext): { readonly traffic: Traffic; readonly context: SaveTargetContext } {
  const traffic = createTraffic();
  return { traffic, context: { ...context, sites: context.sites.map((site) => countedSite(site, traffic)) } };
}

/** What `saveVerified` would do, if the first site has what it promises. Fetches the chunk index, unless a patch costs less, and no byte of the target. */
export async function planSaving(
  target: TargetInfo,
  destination: string,
  given: SaveTargetContext,
): Promise<TargetPlan> {
  const path = resolve(destination);
  const { traffic, context } = counting(given);
  const [site] = context.sites;
  const { hashes, signal } = context;
  const none = { presentBytes: 0, seedBytes: 0, ranges: [] };
  if (context.same === "keep" && (await hasTarget(path, target, context))) {
    return { ...none, ...traffic, presentBytes: target.length, ways: ["present"] };
  }
  if (site === undefined) throw notFound(context, target);
  const bytes = await findHeldBytes(target, destination);
  const kept = partialPath(path, contentName(target.file));
  const held = { bytes, open: () => readRange(kept, 0, target.length) };
  const seeds = seedsOf(path, context);
  const least = await findRoute(site, { target, seeds, hashes, most: costOfIndex(target), signal });
  if (least !== undefined) return planRoute(least, { ...none, ...traffic, presentBytes: bytes });
  const way = await openChunkWay(site, { target, seeds, held, fanOut: fanOutOf(context) }, context);
  await way?.seeds.close();
  const fetching = way?.plan ?? planRest(site.parts(target), bytes);
  const presentBytes = way?.present.bytes ?? bytes;
  const found = await findRoute(site, { target, seeds, hashes, most: costOf(fetching), signal });
  if (found !== undefined) return planRoute(found, { ...none, ...traffic, presentBytes });
  return planFetching({ way, fetching }, { ...none, ...traffic, presentBytes });
}

function planFetching(
  { way, fetching }: { readonly way: ChunkWay | undefined; readonly fetching: Fetching },
  plan: Omit<TargetPlan, "ways">,
): TargetPlan {
  const { seedBytes, ranges } = way?.plan ?? plan;
  const ways: readonly Way[] = [
    ...(plan.presentBytes > 0 ? (["present"] as const) : []),
    ...(seedBytes > 0 ? (["seed"] as const) : []),
    ...(ranges.length > 0 ? (["ranges"] as const) : []),
    ...(way === undefined && fetching.fetchedBytes > 0 ? (["whole"] as const) : []),
  ];
  return { ...withFetching(plan, fetching), seedBytes, ranges, ways };
}

function withFetching<Plan extends Fetching>(plan: Plan, { fetchedBytes, requests }: Fetching): Plan {
  return { ...plan, fetchedBytes: plan.fetchedBytes + fetchedBytes, requests: plan.requests + requests };
}

function planRoute(route: Route, plan: Omit<TargetPlan, "ways">): TargetPlan {
  const ways: readonly Way[] = plan.presentBytes > 0 ? ["present", route.way] : [route.way];
  return { ...withFetching(plan, route), ways };
}

function seedsOf(path: string, { seeds }: SaveTargetContext): readonly SeedFile[] {
  return seeds.some((seed) => seed.path === path) ? seeds : [...seeds, { path }];
}

/** What an interrupted download left for the next one. */
export async function findHeldBytes({ file, length }: TargetInfo, destination: string): Promise<number> {
  const held = await findOwnFile(partialPath(resolve(destination), contentName(file)));
  try {
    const { size = 0, blocks = 0 } = (await held?.stat()) ?? {};
    // A file with gaps is longer than what it has.
    return Math.min(length, size, blocks * 512);
  } finally {
    await held?.close();
  }
}

/** Reads and verifies the whole file. False if it cannot be read, or if other users could change it later. */
async function hasTarget(path: string, target: TargetInfo, { signal }: SaveTargetContext): Promise<boolean> {
  try {
    const file = await findOwnFile(path);
    if (file === undefined) return false;
    for await (const _ of verifyingTarget(freeing(readFrom(file, 0, path)), target, { signal }));
    return true;
  } catch (error) {
    if (FileError.is(error) || TufError.is(error)) return false;
    throw error;
  }
}

/** Locks the shared partial file, so that two downloads do not write to it. The second download gets its own file. */
async function withDownloadLock(
  { destination, content }: { readonly destination: string; readonly content: string },
  signal: AbortSignal | undefined,
  work: (name: "shared" | "own") => Promise<void>,
): Promise<void> {
  let started = false;
  try {
    const lock = await partialLockPath(destination, content);
    await withLock(lock, { wait: "fail", file: "remove", signal }, () => {
      started = true;
      return work("shared");
    });
  } catch (error) {
    if (started || !FileError.is(error)) throw error;
    await work("own");
  }
}

/** Returns undefined if the site does not have the target. */
async function download(
  site: Site,
  { path, ...to }: Download & { readonly path: string },
  context: SaveTargetContext,
): Promise<"done" | undefined> {
  const { target, partial, onWay } = to;
  const { size: before, blocks } = await fileCall(partial.path, () => partial.file.stat());
  const fill = (): Promise<Filled> =>
    fillByChunks(
      site,
      { ...to, seeds: seedsOf(path, context), held: heldBytes(partial.path, before), fanOut: fanOutOf(context) },
      context,
    );
  // A file that has gaps may have its full length.
  let isTried = before < target.length || blocks * 512 < before;
  const filled: Filled = isTried ? await fill() : { kind: "none" };
  if (filled.kind === "whole") return "done";
  let held = filled.kind === "beginning" ? filled.bytes : before;
  if (filled.kind === "none" && held > 0 && held <= target.length) onWay("present");
  // From what is there, then from what of it is right. If the rest is wrong again, ranges are, and the whole may be right.
  for (let left = 2; left > 0 && held > 0 && held <= target.length; left -= 1) {
    try {
      return await continueFrom(site, { ...to, held }, context);
    } catch (error) {
      if (!isWrongContent(error)) throw error;
      context.onEvent({ kind: "way-failed", path: target.path, way: "ranges", error });
    }
    const again: Filled = isTried ? { kind: "none" } : await fill();
    if (again.kind === "whole") return "done";
    isTried = true;
    held = again.kind === "beginning" ? again.bytes : await keepRight(to, context);
  }
  await fileCall(partial.path, () => partial.file.truncate(0));
  return writeWhole(site, to, context);
}

function keepRight(
  { target, partial }: Pick<Download, "target" | "partial">,
  context: SaveTargetContext,
): Promise<number> {
  return keepVerified(partial, { target, bytes: readRange(partial.path, 0, target.length) }, context);
}

function isWrongContent(error: unknown): boolean {
  if (isCallbackFault(error)) return false;
  if (TufError.is(error)) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "OCI_DIGEST_MISMATCH" || code === "OCI_SIZE_MISMATCH";
}
