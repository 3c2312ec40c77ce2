/**
 * How the missing bytes of a target are fetched: a value, made before any of them is. The cheapest way is taken. A request
 * costs as much as `requestCostBytes` bytes.
 */
import type { Chunk, ChunkIndex } from "@dtuf/delta";
import type { ByteRange } from "@dtuf/registry";
import { rangesMax, requestCostBytes } from "../../limits.ts";
import type { TargetPiece } from "../../sources/source.ts";

/** What has to be fetched. */
export interface Fetching {
  readonly fetchedBytes: number;
  readonly requests: number;
}

export function costOf({ fetchedBytes, requests }: Fetching): number {
  return fetchedBytes + requests * requestCostBytes;
}

/** Everything behind the first `held` bytes: one request for each part that is not complete. */
export function planRest(parts: readonly TargetPiece[], held: number): Fetching {
  let end = 0;
  const missing = parts.filter(({ size }) => (end += size) > held);
  return { fetchedBytes: Math.max(0, end - held), requests: missing.length };
}

/** Chunks that are fetched, from `first` up to and including `last`. */
export interface Run {
  readonly first: number;
  readonly last: number;
}

export interface ChunkPlan extends Fetching {
  readonly runs: readonly Run[];
  /** The runs, cut at the borders of the parts: each is one request. */
  readonly ranges: readonly ByteRange[];
  /** Bytes from seeds. */
  readonly seedBytes: number;
}

export interface Have {
  /** The number of chunks at the beginning that are there. */
  readonly present: number;
  readonly isInSeed: (chunk: Chunk) => boolean;
  readonly parts: readonly TargetPiece[];
}

/** The chunks that no seed has. A gap between two runs is fetched with them if that costs less than a request. */
export function planChunks(index: ChunkIndex, { present, isInSeed, parts }: Have): ChunkPlan {
  const runs: Run[] = [];
  let [fetchedBytes, neededBytes] = [0, 0];
  let end = -Infinity;
  for (let number = present; number < index.count; number += 1) {
    const chunk = index.chunk(number);
    neededBytes += chunk.length;
    if (isInSeed(chunk)) continue;
    const gap = chunk.offset - end;
    const before = gap <= requestCostBytes ? runs.pop() : undefined;
    fetchedBytes += chunk.length + (before === undefined ? 0 : gap);
    runs.push({ first: before?.first ?? number, last: number });
    end = chunk.offset + chunk.length;
  }
  const ranges = cutAtBorders(
    runs.map((run) => rangeOf(index, run)),
    parts,
  );
  return { runs, ranges, fetchedBytes, requests: ranges.length, seedBytes: neededBytes - fetchedBytes };
}

/** Whether the chunks are fetched rather than the rest as a whole. */
export function isCheaper(chunks: ChunkPlan, rest: Fetching): boolean {
  return chunks.ranges.length <= rangesMax && costOf(chunks) < costOf(rest);
}

function rangeOf(index: ChunkIndex, { first, last }: Run): ByteRange {
  const { offset, length } = index.chunk(last);
  return { from: index.chunk(first).offset, to: offset + length };
}

function cutAtBorders(ranges: readonly ByteRange[], parts: readonly TargetPiece[]): readonly ByteRange[] {
  let end = 0;
  const borders = parts.map(({ size }) => (end += size));
  return ranges.flatMap(({ from, to }) => {
    const starts = [from, ...borders.filter((border) => border > from && border < to)];
    return starts.map((start, at) => ({ from: start, to: starts[at + 1] ?? to }));
  });
}
