/**
 * How the missing bytes of a target are fetched: a value, made before any of them is. The cheapest way is taken. A request
 * costs as much as `requestCostBytes` bytes.
 */
import type { Chunk, ChunkIndex } from "@dtuf/delta";
import type { ByteRange } from "@dtuf/registry";
import { rangesMax, requestCostBytes } from "../../limits.ts";
import { costOf, type Fetching } from "../ways.ts";
import type { TargetPiece } from "../../sources/source.ts";

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
  /** In order. None is much longer than `Have.runBytes`. */
  readonly runs: readonly Run[];
  /** The runs, cut at the borders of the parts: each is one request. */
  readonly ranges: readonly ByteRange[];
  /** Bytes from seeds. */
  readonly seedBytes: number;
}

export interface Have {
  readonly isPresent: (number: number) => boolean;
  readonly isInSeed: (chunk: Chunk) => boolean;
  readonly parts: readonly TargetPiece[];
  /** Bytes of a run, and of the first one, at which it is cut. */
  readonly runBytes: number;
  readonly firstRunBytes: number;
}

/**
 * The chunks that are neither there nor in a seed. A gap between two runs is fetched with them if that costs less than a request, and
 * if nothing in it is there.
 */
export function planChunks(index: ChunkIndex, { isPresent, isInSeed, parts, ...cut }: Have): ChunkPlan {
  const runs: Run[] = [];
  let [fetchedBytes, neededBytes] = [0, 0];
  let [start, end] = [0, -Infinity];
  for (let number = 0; number < index.count; number += 1) {
    const chunk = index.chunk(number);
    if (isPresent(number)) {
      end = -Infinity;
      continue;
    }
    neededBytes += chunk.length;
    if (isInSeed(chunk)) continue;
    const gap = chunk.offset - end;
    const most = runs.length === 1 ? cut.firstRunBytes : cut.runBytes;
    const before = gap <= requestCostBytes && chunk.offset - start < most ? runs.pop() : undefined;
    if (before === undefined) start = chunk.offset;
    fetchedBytes += chunk.length + (before === undefined ? 0 : gap);
    runs.push({ first: before?.first ?? number, last: number });
    end = chunk.offset + chunk.length;
  }
  const ranges = runs.flatMap((run) => rangesOf(index, run, parts));
  return { runs, ranges, fetchedBytes, requests: ranges.length, seedBytes: neededBytes - fetchedBytes };
}

/** Whether the chunks are fetched rather than the rest as a whole. */
export function isCheaper(chunks: ChunkPlan, rest: Fetching): boolean {
  return chunks.ranges.length <= rangesMax && costOf(chunks) < costOf(rest);
}

/** One range for each part that the run lies in. */
export function rangesOf(index: ChunkIndex, { first, last }: Run, parts: readonly TargetPiece[]): readonly ByteRange[] {
  const { offset, length } = index.chunk(last);
  const [from, to] = [index.chunk(first).offset, offset + length];
  let end = 0;
  const borders = parts.map(({ size }) => (end += size)).filter((border) => border > from && border < to);
  return [from, ...borders].map((start, at) => ({ from: start, to: borders[at] ?? to }));
}
