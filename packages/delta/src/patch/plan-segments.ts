/** Where a new content is cut into segments, and which window of the old one each is made from. */
import type { Chunk, ChunkIndex } from "../chunk-index.ts";
import { segmentMaxBytes, type Segment } from "./table/patch-table.ts";

export type PlannedSegment = Pick<Segment, "offset" | "length" | "windowOffset" | "windowLength">;

const segmentBytes = 4 * 1024 * 1024;
const windowBytes = 8 * 1024 * 1024;

/**
 * Segments begin and end where chunks do. A window lies where the old content has the same chunks, else where it has those of
 * the neighbours, else at the proportional place. Returns undefined if the content has chunks that are too large.
 */
export function planSegments(index: ChunkIndex, old: ChunkIndex): readonly PlannedSegment[] | undefined {
  const chunks = chunksOf(index);
  if (chunks.some(({ length }) => length > segmentMaxBytes)) return undefined;
  const shifts = findShifts(chunks, old);
  return cutSegments(chunks).map(({ offset, length }) => {
    const middle = offset + length / 2;
    const shift = medianNear(shifts, offset, offset + length);
    const oldMiddle = shift === undefined ? (middle / index.length) * old.length : middle + shift;
    const windowLength = Math.min(windowBytes, old.length);
    const latest = old.length - windowLength;
    const windowOffset = Math.round(Math.min(latest, Math.max(0, oldMiddle - windowLength / 2)));
    return { offset, length, windowOffset, windowLength };
  });
}

/** Without an old content: the window of each segment are the bytes in front of it. */
export function planAlone(length: number): readonly PlannedSegment[] {
  return Array.from({ length: Math.ceil(length / segmentBytes) }, (_, number) => {
    const offset = number * segmentBytes;
    const windowOffset = Math.max(0, offset - windowBytes);
    return {
      offset,
      length: Math.min(segmentBytes, length - offset),
      windowOffset,
      windowLength: offset - windowOffset,
    };
  });
}

function cutSegments(chunks: readonly Chunk[]): readonly { readonly offset: number; readonly length: number }[] {
  const segments: { readonly offset: number; length: number }[] = [];
  for (const { offset, length } of chunks) {
    const current = segments.at(-1);
    if (current !== undefined && current.length + length <= segmentBytes) current.length += length;
    else segments.push({ offset, length });
  }
  return segments;
}

/** How far a chunk lies from where the old content has it. */
interface Shift {
  readonly offset: number;
  readonly by: number;
}

/** Chunks that the old content has more than once say nothing. */
function findShifts(chunks: readonly Chunk[], old: ChunkIndex): readonly Shift[] {
  const places = new Map<string, number | undefined>();
  for (const chunk of chunksOf(old)) places.set(keyOf(chunk), places.has(keyOf(chunk)) ? undefined : chunk.offset);
  return chunks.flatMap((chunk) => {
    const place = places.get(keyOf(chunk));
    return place === undefined ? [] : [{ offset: chunk.offset, by: place - chunk.offset }];
  });
}

/** The median shift of the chunks in the segment, or within a window's length of it. */
function medianNear(shifts: readonly Shift[], from: number, to: number): number | undefined {
  const within = (margin: number): readonly number[] =>
    shifts.filter(({ offset }) => offset >= from - margin && offset < to + margin).map(({ by }) => by);
  const inside = within(0);
  const near = (inside.length > 0 ? inside : within(windowBytes)).toSorted((a, b) => a - b);
  return near[Math.floor(near.length / 2)];
}

function chunksOf(index: ChunkIndex): readonly Chunk[] {
  return Array.from({ length: index.count }, (_, number) => index.chunk(number));
}

function keyOf({ sha256 }: Chunk): string {
  return Buffer.from(sha256).toString("hex");
}
