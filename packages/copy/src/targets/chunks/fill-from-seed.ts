/**
 * Fills a partial file from seeds and ranges of the target, chunk by chunk, in order: what is written is verified, so that
 * the ordinary download goes on behind it if anything fails, and the next call behind what this one wrote.
 */
import { DeltaError, verifyChunk } from "@dtuf/delta";
import { OciError, type ByteRange, type ByteStream } from "@dtuf/registry";
import { createBatchWriter, FileError, fileCall } from "@dtuf/registry/files";
import type { FetchTargetContext } from "../fetch-part.ts";
import { openChunkWay, type ChunkWay, type Wanted } from "./open-plan.ts";
import { fillFromPatch } from "../patches/fill-from-patch.ts";
import { findPatch } from "../patches/find-patch.ts";
import { openParts } from "../parts-ahead.ts";
import type { PartialFile } from "../partial-file.ts";
import type { Way } from "../ways.ts";
import { costOf, planRest, type Run } from "./plan.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";

export interface Filling extends Wanted {
  readonly partial: PartialFile;
  /** Called with each way that is taken. */
  readonly onWay: (way: Way) => void;
}

/** Does nothing if another way is cheaper. If a site or a seed fails, what was written before stays. */
export async function fillFromSeed(site: Site, filling: Filling, context: FetchTargetContext): Promise<void> {
  try {
    await fill(site, filling, context);
  } catch (error) {
    if (!isFaultOfWay(error, context)) throw error;
  }
}

/** Whether the next way is taken. */
function isFaultOfWay(error: unknown, { signal }: FetchTargetContext): boolean {
  return signal?.aborted !== true && (DeltaError.is(error) || OciError.is(error) || FileError.is(error));
}

async function fill(site: Site, filling: Filling, context: FetchTargetContext): Promise<void> {
  const way = await openChunkWay(site, filling, context);
  const most = costOf(way?.plan ?? planRest(site.parts(filling.target), filling.held.bytes));
  if (await patch(site, { ...filling, most }, context)) return way?.seeds.close();
  if (way === undefined) return;
  const over = new AbortController();
  const signal = context.signal === undefined ? over.signal : AbortSignal.any([context.signal, over.signal]);
  try {
    const { target, partial, onWay } = filling;
    const fetched = await openRanges(site, { target, way, signal });
    if (fetched === undefined) return;
    if (way.present.chunks > 0) onWay("present");
    await fileCall(partial.path, () => partial.file.truncate(way.present.bytes));
    await writeChunks(filling, { ...way, ...fetched }, context);
  } finally {
    // A range that was not read to its end holds a connection.
    over.abort();
    await way.seeds.close();
  }
}

/** False if there is no patch that costs less than `most`, or if it fails. */
async function patch(
  site: Site,
  { target, partial, seeds, held, onWay, most }: Filling & { readonly most: number },
  context: FetchTargetContext,
): Promise<boolean> {
  const found = await findPatch(site, { target, seeds, most, signal: context.signal });
  if (found === undefined) return false;
  try {
    onWay("patch");
    await fillFromPatch(site, { ...found, target, partial, held: held.bytes }, context);
    return true;
  } catch (error) {
    if (isFaultOfWay(error, context)) return false;
    throw error;
  }
}

/** The chunks that arrive, in order. */
interface Fetched {
  readonly stream: ByteStream;
  readonly runs: readonly Run[];
  readonly way: Way;
}

interface Ranges {
  readonly target: TargetInfo;
  readonly way: ChunkWay;
  readonly signal: AbortSignal;
}

/**
 * One range is asked for first: a registry or a cache that sends none would send the whole target for each. If it sends the
 * whole target, that is read.
 */
async function openRanges(site: Site, { target, way, signal }: Ranges): Promise<Fetched | undefined> {
  const { index, plan } = way;
  const [first, ...rest] = plan.ranges;
  if (first === undefined) return { stream: nothing(), runs: [], way: "ranges" };
  let isWhole = false;
  const onWhole = (): void => {
    isWhole = true;
  };
  const probe = await site.openRange?.(target, first, { signal, onWhole });
  if (probe === undefined) return undefined;
  if (isWhole) return { stream: probe, runs: [{ first: 0, last: index.count - 1 }], way: "whole" };
  const open = async (range: ByteRange, until: AbortSignal): Promise<ByteStream> => {
    const stream = await site.openRange?.(target, range, { signal: until });
    if (stream === undefined) throw new OciError("OCI_UNSUPPORTED", "the registry sends no more ranges");
    return stream;
  };
  const sized = rest.map((range) => ({ ...range, size: range.to - range.from }));
  const stream = openParts(probe, sized, {
    signal,
    open: async (range, until) => ({ from: 0, stream: await open(range, until) }),
  });
  return { stream, runs: plan.runs, way: "ranges" };
}

async function* nothing(): ByteStream {}

async function writeChunks(
  { target, partial, onWay }: Filling,
  { index, present, seeds, runs, stream, way }: ChunkWay & Fetched,
  context: FetchTargetContext,
): Promise<void> {
  const isFetched = new Set(runs.flatMap(({ first, last }) => numbers(first, last)));
  const sizes = [...isFetched].map((number) => index.chunk(number).length);
  const arriving = inPieces(stream, sizes);
  const position = present.bytes;
  const expectedBytes = index.length - position;
  const writer = createBatchWriter(partial.file, { path: partial.path, position, expectedBytes });
  try {
    for (const number of numbers(0, index.count - 1)) {
      context.signal?.throwIfAborted();
      const chunk = index.chunk(number);
      const arrived = isFetched.has(number) ? ((await arriving.next()).value ?? []) : undefined;
      if (number < present.chunks) continue;
      await writer.write(verifyChunk(arrived ?? [await seeds.read(chunk)], index, number));
      onWay(arrived === undefined ? "seed" : way);
      const report = { step: "download", kind: "target", name: target.path, totalBytes: index.length } as const;
      context.onProgress?.({ ...report, bytes: chunk.offset + chunk.length });
    }
  } finally {
    await arriving.return();
    await writer.end();
  }
}

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** Cuts a stream into pieces of these sizes. */
async function* inPieces(stream: ByteStream, sizes: readonly number[]): AsyncGenerator<Uint8Array[], void> {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  async function next(maxBytes: number): Promise<Uint8Array> {
    if (rest.length === 0) {
      const { done, value } = await chunks.next();
      if (done === true) throw new OciError("OCI_SIZE_MISMATCH", "the ranges ended early");
      rest = value;
    }
    const piece = rest.subarray(0, maxBytes);
    rest = rest.subarray(piece.length);
    return piece;
  }
  try {
    for (const size of sizes) {
      const pieces: Uint8Array[] = [];
      for (let missing = size; missing > 0; missing -= pieces.at(-1)?.length ?? 0) pieces.push(await next(missing));
      yield pieces;
    }
  } finally {
    await chunks.return?.();
  }
}
