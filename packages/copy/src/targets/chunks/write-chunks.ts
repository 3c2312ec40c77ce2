/** Puts chunks into the file at their places, each after its SHA-256 was verified, so that whatever is there can be kept. */
import { verifyChunk, type ChunkIndex } from "@dtuf/delta";
import { freeChunk, OciError, withOwnMemory, type ByteRange, type ByteStream } from "@dtuf/registry";
import { writeAt } from "@dtuf/registry/files";
import type { Site, TargetInfo } from "../../sources/source.ts";
import type { PartialFile } from "../partial-file.ts";
import { rangesOf, type Run } from "./plan.ts";
import type { PresentChunks } from "./present-chunks.ts";
import type { Seeds } from "./seed.ts";

export interface Placing {
  readonly site: Site;
  readonly target: TargetInfo;
  readonly partial: PartialFile;
  readonly index: ChunkIndex;
  readonly present: PresentChunks;
  readonly signal: AbortSignal;
  /** Called when a chunk was written. */
  readonly onChunk: () => void;
}

/** Attempts in a row that bring no whole chunk. */
const idleAttemptsMax = 3;

/**
 * Fetches a run. If a connection ends early, the chunks that are missing are requested again.
 * @throws DeltaError DELTA_CHUNK_DIFFERS; OciError; FileError
 */
export async function fetchRun(placing: Placing, run: Run, opened?: ByteStream): Promise<void> {
  const left = { next: run.first, last: run.last };
  let stream = opened;
  for (let idle = 0; ;) {
    const before = left.next;
    try {
      return await placeAll(placing, left, stream ?? openRun(placing, { first: left.next, last: left.last }));
    } catch (error) {
      idle = left.next === before ? idle + 1 : 0;
      if (placing.signal.aborted || !endedEarly(error) || idle === idleAttemptsMax) throw error;
      stream = undefined;
    }
  }
}

function endedEarly(error: unknown): boolean {
  return OciError.is(error) && (error.code === "OCI_UNAVAILABLE" || error.code === "OCI_SIZE_MISMATCH");
}

/** One request for each part that the run lies in; `opened` is the answer to the first of them, if it was requested. */
export async function* openRun(
  { site, target, index, signal }: Pick<Placing, "site" | "target" | "index" | "signal">,
  run: Run,
  opened?: ByteStream,
): ByteStream {
  const [first, ...rest] = rangesOf(index, run, site.parts(target));
  if (opened !== undefined) yield* opened;
  for (const range of opened === undefined && first !== undefined ? [first, ...rest] : rest)
    yield* await openRange(site, { target, range, signal });
}

interface WantedRange {
  readonly target: TargetInfo;
  readonly range: ByteRange;
  readonly signal: AbortSignal;
}

async function openRange(site: Site, { target, range, signal }: WantedRange): Promise<ByteStream> {
  const stream = await site.openRange?.(target, range, { signal });
  if (stream === undefined) throw new OciError("OCI_UNSUPPORTED", "the registry sends no more ranges");
  return stream;
}

interface Left {
  /** The first chunk that was not placed. */
  next: number;
  readonly last: number;
}

async function placeAll(placing: Placing, left: Left, stream: ByteStream): Promise<void> {
  const { index } = placing;
  let pieces: Uint8Array[] = [];
  let behind: Uint8Array[] = []; // arrived before, with a piece of this chunk
  let missing = index.chunk(left.next).length;
  for await (const arrived of stream) {
    for (let rest = arrived; rest.length > 0 && missing > 0;) {
      const piece = rest.subarray(0, missing);
      rest = rest.subarray(piece.length);
      pieces.push(piece);
      missing -= piece.length;
      if (missing > 0) break;
      await place(placing, left.next, pieces);
      for (const done of behind) freeChunk(done);
      [pieces, behind] = [[], []];
      left.next += 1;
      missing = left.next <= left.last ? index.chunk(left.next).length : 0;
    }
    if (pieces.length > 0) behind.push(arrived);
    else freeChunk(arrived);
  }
  if (missing > 0) throw new OciError("OCI_SIZE_MISMATCH", "the ranges ended early");
}

async function place(placing: Placing, number: number, pieces: readonly Uint8Array[]): Promise<void> {
  const { index, partial, present, signal, onChunk } = placing;
  signal.throwIfAborted();
  if (present.has(number)) return;
  const bytes = verifyChunk(pieces, index, number);
  await writeAt(partial.file, bytes, { path: partial.path, position: index.chunk(number).offset });
  present.add(number);
  onChunk();
  // The pieces were joined in memory of their own.
  if (pieces.length > 1) freeChunk(withOwnMemory(bytes));
}

/** Takes the chunks that no run has. */
export async function takeFromSeeds(placing: Placing, runs: readonly Run[], seeds: Seeds): Promise<void> {
  const { index } = placing;
  let next = 0;
  for (const { first, last } of [...runs, { first: index.count, last: index.count }]) {
    for (; next < first; next += 1) {
      if (!placing.present.has(next)) await place(placing, next, [await seeds.read(index.chunk(next))]);
    }
    next = last + 1;
  }
}
