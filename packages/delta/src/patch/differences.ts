/**
 * A segment as copies of its window with differences, and new bytes: the lengths, the differences and the new bytes stand apart,
 * because each compresses best among its like. docs/format.md gives the bytes.
 */
import { DeltaError } from "../errors.ts";
import { findAlignments } from "./alignments.ts";
import { createMatchFinder, type Pair } from "./match-finder.ts";
import { freeBytes } from "./free-bytes.ts";
import { compress, decompress, type CompressOptions } from "./zstd.ts";

const headerBytes = 12;
const stepBytes = 12;
/** A decoder holds 3 MiB of steps. */
const stepsMax = 2 ** 18;

/** First a copy of `copied` bytes of the window, `seek` bytes behind the last copy, with the differences added, then `fresh` new bytes. */
interface Step {
  readonly seek: number;
  readonly copied: number;
  readonly fresh: number;
}

/** Differences are long and mostly 0: a higher level takes three times as long, and makes them 7 % shorter. */
const differencesLevel = 17;
/** New bytes are few. */
const highestLevel = 19;

/** Returns undefined if the segment needs too many steps. */
export function encodeDifferences(pair: Pair): Uint8Array | undefined {
  const { steps, differences, fresh } = describe(pair);
  if (steps.length > stepsMax) return undefined;
  const control = pack(encodeSteps(steps), { level: highestLevel });
  const differing = pack(differences, { level: differencesLevel, tables: "differences" });
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(steps.length, 0);
  header.writeUInt32BE(control.length, 4);
  header.writeUInt32BE(differing.length, 8);
  const coded = Buffer.concat([header, control, differing, pack(fresh, { level: highestLevel })]);
  freeBytes(differences);
  return coded;
}

interface Description {
  readonly steps: readonly Step[];
  /** Share their memory with the fresh bytes. */
  readonly differences: Uint8Array;
  readonly fresh: Uint8Array;
}

function describe(pair: Pair): Description {
  const { window, content } = pair;
  const finder = createMatchFinder(pair);
  const parts = findAlignments(pair, finder).filter(({ length }) => length > 0);
  finder.close();
  const bytes = new Uint8Array(content.length);
  const differences = bytes.subarray(
    0,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  const fresh = bytes.subarray(differences.length);
  const steps: Step[] = [];
  let [at, position, differing, freshBytes] = [0, 0, 0, 0];
  const takeFresh = (to: number): number => {
    fresh.set(content.subarray(at, to), freshBytes);
    const length = to - at;
    freshBytes += length;
    at = to;
    return length;
  };
  const [first] = parts;
  if (first === undefined || first.at > 0)
    steps.push({ seek: 0, copied: 0, fresh: takeFresh(first?.at ?? content.length) });
  parts.forEach(({ from, length }, number) => {
    for (let byte = 0; byte < length; byte += 1)
      differences[differing + byte] = (content[at + byte] ?? 0) - (window[from + byte] ?? 0);
    differing += length;
    at += length;
    steps.push({ seek: from - position, copied: length, fresh: takeFresh(parts[number + 1]?.at ?? content.length) });
    position = from + length;
  });
  return { steps, differences, fresh };
}

/** All seeks, then all lengths of copies, then all lengths of new bytes. */
function encodeSteps(steps: readonly Step[]): Uint8Array {
  const bytes = Buffer.alloc(steps.length * stepBytes);
  steps.forEach(({ seek, copied, fresh }, number) => {
    bytes.writeInt32BE(seek, number * 4);
    bytes.writeUInt32BE(copied, (steps.length + number) * 4);
    bytes.writeUInt32BE(fresh, (2 * steps.length + number) * 4);
  });
  return bytes;
}

function pack(bytes: Uint8Array, options: Omit<CompressOptions, "prefix">): Uint8Array {
  return bytes.length === 0 ? bytes : compress(bytes, options);
}

/** @throws DeltaError DELTA_SEGMENT_DIFFERS if the bytes do not give a content of this length */
export async function decodeDifferences(coded: Uint8Array, window: Uint8Array, length: number): Promise<Uint8Array> {
  const view = Buffer.from(coded.buffer, coded.byteOffset, coded.byteLength);
  if (view.length < headerBytes) throw broken("they end early");
  const count = view.readUInt32BE(0);
  if (count > stepsMax) throw broken(`they announce ${count} steps; at most ${stepsMax} are read`);
  const controlEnd = headerBytes + view.readUInt32BE(4);
  const differencesEnd = controlEnd + view.readUInt32BE(8);
  if (differencesEnd > view.length) throw broken("their parts are longer than all of them");
  const steps = await unpack(view.subarray(headerBytes, controlEnd), count * stepBytes);
  const { copied, fresh } = addSteps(steps, { count, length, windowLength: window.length });
  const differences = await unpack(view.subarray(controlEnd, differencesEnd), copied);
  const streams = { steps, count, differences, fresh: await unpack(view.subarray(differencesEnd), fresh) };
  const content = applySteps(streams, window);
  for (const bytes of [steps, differences, streams.fresh]) freeBytes(bytes);
  return content;
}

/** Never returns the coded bytes: what it returns is freed. */
async function unpack(bytes: Buffer, length: number): Promise<Buffer> {
  if (length === 0 && bytes.length === 0) return Buffer.alloc(0);
  return decompress(bytes, { length });
}

interface StepBounds {
  readonly count: number;
  readonly length: number;
  readonly windowLength: number;
}

/** How many bytes are copied, and how many are new. Every copy lies in the window. */
function addSteps(steps: Buffer, { count, length, windowLength }: StepBounds): { copied: number; fresh: number } {
  const sums = { copied: 0, fresh: 0 };
  let position = 0;
  for (let number = 0; number < count; number += 1) {
    const { seek, copied, fresh } = stepAt(steps, count, number);
    position += seek;
    if (position < 0 || position + copied > windowLength) throw broken("a copy lies outside the window");
    position += copied;
    sums.copied += copied;
    sums.fresh += fresh;
    if (sums.copied + sums.fresh > length) break;
  }
  if (sums.copied + sums.fresh !== length) throw broken(`they do not give ${length} bytes`);
  return sums;
}

function stepAt(steps: Buffer, count: number, number: number): Step {
  return {
    seek: steps.readInt32BE(number * 4),
    copied: steps.readUInt32BE((count + number) * 4),
    fresh: steps.readUInt32BE((2 * count + number) * 4),
  };
}

interface Streams {
  readonly steps: Buffer;
  readonly count: number;
  readonly differences: Buffer;
  readonly fresh: Buffer;
}

function applySteps({ steps, count, differences, fresh }: Streams, window: Uint8Array): Uint8Array {
  const content = Buffer.alloc(differences.length + fresh.length);
  let [at, position, differing, freshBytes] = [0, 0, 0, 0];
  for (let number = 0; number < count; number += 1) {
    const step = stepAt(steps, count, number);
    position += step.seek;
    for (let byte = 0; byte < step.copied; byte += 1)
      content[at + byte] = (window[position + byte] ?? 0) + (differences[differing + byte] ?? 0);
    position += step.copied;
    differing += step.copied;
    at += step.copied;
    content.set(fresh.subarray(freshBytes, freshBytes + step.fresh), at);
    freshBytes += step.fresh;
    at += step.fresh;
  }
  return content;
}

function broken(what: string): DeltaError {
  return new DeltaError("DELTA_SEGMENT_DIFFERS", `the coded bytes are not those of the signed segment: ${what}`);
}
