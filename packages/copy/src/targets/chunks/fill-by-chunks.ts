/**
 * Fills a partial file from seeds and ranges of the target, several at a time: each chunk is written when it is verified, so that whatever
 * fails, what was written is kept, and the next way or the next call goes on with it.
 */
import { findTargetIndex } from "@dtuf/format";
import { forEachConcurrently, settleAll, type ByteStream, type Digest } from "@dtuf/registry";
import { fileCall } from "@dtuf/registry/files";
import type { FailedWay } from "../../events.ts";
import type { FetchTargetContext } from "../fetch-part.ts";
import { heldBytes, openChunkWay, type ChunkWay, type HeldBytes, type Wanted } from "./open-plan.ts";
import { fillFromPatches } from "../patches/fill-from-patches.ts";
import type { PartialFile } from "../partial-file.ts";
import { costOf, isFaultOfWay, type Way } from "../ways.ts";
import { requestsAtOnce, timing } from "./fan-out.ts";
import { planRest, type Run } from "./plan.ts";
import { verifyBehind } from "./verify-behind.ts";
import { fetchRun, openRun, takeFromSeeds, type Placing } from "./write-chunks.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";

export interface Filling extends Wanted {
  readonly partial: PartialFile;
  /** Called with each way that is taken. */
  readonly onWay: (way: Way) => void;
}

/**
 * "whole": the file is the target, verified as a whole too. "beginning": so many bytes at the beginning are right. "none": nothing was
 * done, because another way is cheaper.
 */
export type Filled =
  | { readonly kind: "whole" }
  | { readonly kind: "beginning"; readonly bytes: number }
  | { readonly kind: "none" };

/** If a site or a seed fails, what was written before stays. */
export async function fillByChunks(site: Site, filling: Filling, context: FetchTargetContext): Promise<Filled> {
  let way: ChunkWay | undefined;
  let failed: FailedWay = "ranges";
  const onSeedFault = (): void => {
    failed = "seed";
  };
  try {
    const { target, partial } = filling;
    const failedPatches = new Set<Digest>();
    const patch = (held: HeldBytes, most: number): ReturnType<typeof fillFromPatches> =>
      fillFromPatches(site, { ...filling, held: held.bytes, most, failed: failedPatches }, context);
    const first = await patch(filling.held, costOfIndex(target));
    if (first === "done") return { kind: "beginning", bytes: target.length };
    const held = first === "failed" ? await heldNow(partial) : filling.held;
    way = await openChunkWay(site, { ...filling, held }, context);
    const second = await patch(held, costOf(way?.plan ?? planRest(site.parts(target), held.bytes)));
    if (second === "done") return { kind: "beginning", bytes: target.length };
    if (second === "failed" && way !== undefined) {
      await way.seeds.close();
      way = await openChunkWay(site, { ...filling, held: await heldNow(partial) }, context);
    }
    if (way === undefined) return { kind: "none" };
    return await fill(site, { ...filling, way, onSeedFault }, context);
  } catch (error) {
    context.signal?.throwIfAborted();
    if (!isFaultOfWay(error, context)) throw error;
    context.onEvent({ kind: "way-failed", path: filling.target.path, way: failed, error });
    return way === undefined ? { kind: "none" } : { kind: "beginning", bytes: way.present.beginning };
  } finally {
    await way?.seeds.close();
  }
}

/** A patch that costs less than the chunk index is the cheapest way, whatever the index says: then the index is not fetched. */
export function costOfIndex({ file }: TargetInfo): number {
  const index = findTargetIndex(file);
  return index === undefined ? 0 : costOf({ fetchedBytes: index.size, requests: 1 });
}

async function heldNow({ path, file }: PartialFile): Promise<HeldBytes> {
  return heldBytes(path, (await fileCall(path, () => file.stat())).size);
}

type Filler = Filling & { readonly way: ChunkWay; readonly onSeedFault: () => void };

async function fill(site: Site, filling: Filler, context: FetchTargetContext): Promise<Filled> {
  const { target, partial, onWay, way } = filling;
  const { index, present } = way;
  const over = new AbortController();
  const signal = context.signal === undefined ? over.signal : AbortSignal.any([context.signal, over.signal]);
  const { path, length } = target;
  const onChunk = (): void =>
    context.onProgress?.({ step: "download", kind: "target", name: path, totalBytes: length, bytes: present.bytes });
  const placing = { site, target, partial, index, present, signal, onChunk };
  const opened = await openFirst(placing, filling);
  if (opened === undefined) return { kind: "beginning", bytes: present.beginning };
  if (present.bytes > 0) onWay("present");
  if (filling.held.bytes > length) await fileCall(partial.path, () => partial.file.truncate(length));
  const verified = verifyBehind({ target, partial, present });
  let fault: { readonly error: unknown } | undefined;
  verified.catch((error: unknown) => {
    fault = { error };
    over.abort();
  });
  try {
    const isFast = await fetchAll(placing, { ...filling, opened });
    if (isFast) return { kind: "beginning", bytes: present.beginning };
    await verified;
    return { kind: "whole" };
  } catch (error) {
    // If the file is wrong, that is why fetching was ended.
    throw fault === undefined ? error : fault.error;
  } finally {
    // A range that was not read to its end holds a connection.
    over.abort();
    present.end();
    await verified.catch(() => undefined);
  }
}

interface Opened {
  /** The bytes of the first run, or of the whole target. Undefined if there is nothing to fetch. */
  readonly stream: ByteStream | undefined;
  readonly isWhole: boolean;
}

/**
 * One range is asked for first: a registry or a cache that sends none would send the whole target for each. If it sends the
 * whole target, that is read. Returns undefined if it sends neither.
 */
async function openFirst({ site, target, index, signal }: Placing, { way }: Filler): Promise<Opened | undefined> {
  const [run] = way.plan.runs;
  const [first] = way.plan.ranges;
  if (run === undefined || first === undefined) return { stream: undefined, isWhole: false };
  let isWhole = false;
  const onWhole = (): void => {
    isWhole = true;
  };
  const probe = await site.openRange?.(target, first, { signal, onWhole });
  if (probe === undefined) return undefined;
  if (isWhole) return { stream: probe, isWhole };
  return { stream: openRun({ site, target, index, signal }, run, probe), isWhole };
}

/** Returns true if one connection is so fast that it should fetch the rest alone. */
async function fetchAll(
  placing: Placing,
  { way, fanOut, onWay, onSeedFault, opened }: Filler & { readonly opened: Opened },
): Promise<boolean> {
  const { index, present, target } = placing;
  const { plan, seeds } = way;
  const [first, ...rest] = plan.runs;
  const takeSeeds = (runs: readonly Run[]): Promise<void> =>
    takeFromSeeds(placing, runs, seeds).catch((error: unknown) => {
      if (isFaultOfWay(error, placing)) onSeedFault();
      throw error;
    });
  if (first === undefined || opened.stream === undefined) {
    onWay("seed");
    await takeSeeds([]);
    return false;
  }
  if (opened.isWhole) {
    onWay("whole");
    await fetchRun(placing, { first: 0, last: index.count - 1 }, opened.stream);
    return false;
  }
  if (plan.seedBytes > 0) onWay("seed");
  onWay("ranges");
  const isFresh = present.bytes === 0 && plan.seedBytes === 0 && target.length >= fanOut.targetMinBytes;
  if (isFresh) {
    let waitedMs = 0;
    const timed = timing(opened.stream, fanOut.clock, (ms) => (waitedMs += ms));
    await fetchRun(placing, first, timed);
    if (present.bytes / waitedMs > fanOut.fastBytesPerMs) return true;
  }
  const runs = isFresh ? rest : plan.runs;
  const fetch = (run: Run, failed: AbortSignal): Promise<void> => {
    const signal = AbortSignal.any([placing.signal, failed]);
    return fetchRun({ ...placing, signal }, run, run === first ? opened.stream : undefined);
  };
  const fetching = forEachConcurrently(runs, requestsAtOnce(fanOut, index.average), fetch);
  await settleAll([fetching, takeSeeds(plan.runs)]);
  return false;
}
