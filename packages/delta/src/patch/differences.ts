/**
 * A segment as copies of its window with differences, and new bytes: the steps, the differences and the new bytes stand apart,
 * because each compresses best among its like. docs/format.md gives the bytes.
 */
import { DeltaError } from "../errors.ts";
import { findParts } from "./alignments.ts";
import { createMatchFinder, type Pair } from "./match-finder.ts";
import { freeBytes } from "./free-bytes.ts";
import { createNumberReader, encodeNumbers } from "./numbers.ts";
import { decodeSteps, encodeSteps, stepMaxBytes, stepsMax, type Step, type Steps } from "./steps.ts";
import { compress, decompress, type CompressOptions, type DecompressOptions } from "./zstd.ts";

/** Differences are long and mostly 0: a higher level takes three times as long, and makes them 7 % shorter. */
const differencesLevel = 17;
/** Steps and new bytes are few. */
const highestLevel = 19;

/** Returns undefined if the segment needs too many steps. */
export function encodeDifferences(pair: Pair): Uint8Array | undefined {
  const { steps, differences, fresh } = describe(pair);
  if (steps.length > stepsMax) return undefined;
  const control = encodeSteps(steps);
  const packedControl = pack(control, { level: highestLevel });
  const isSame = differences.every((difference) => difference === 0);
  const packedDifferences = isSame
    ? differences.subarray(0, 0)
    : pack(differences, { level: differencesLevel, tables: "differences" });
  const header = encodeNumbers([steps.length, control.length, packedControl.length, packedDifferences.length]);
  const packedFresh = packFresh(fresh, pair.window);
  const coded = Buffer.concat([header, packedControl, packedDifferences, packedFresh]);
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
  const parts = findParts(pair, finder);
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
  const add = (seek: number, copied: number, fresh: number): void => {
    steps.push({ seek, copied, fresh });
    position += seek + copied + fresh;
  };
  const [first] = parts;
  if (first === undefined || first.at > 0) add(0, 0, takeFresh(first?.at ?? content.length));
  parts.forEach(({ from, length }, number) => {
    for (let byte = 0; byte < length; byte += 1)
      differences[differing + byte] = (content[at + byte] ?? 0) - (window[from + byte] ?? 0);
    differing += length;
    at += length;
    add(from - position, length, takeFresh(parts[number + 1]?.at ?? content.length));
  });
  return { steps, differences, fresh };
}

/** The bytes themselves if zstd does not make them shorter. */
function pack(bytes: Uint8Array, options: CompressOptions): Uint8Array {
  if (bytes.length === 0) return bytes;
  const packed = compress(bytes, options);
  return packed.length < bytes.length ? packed : bytes;
}

/** Text is often found in the window, in pieces that are too short for copies; of other content a higher level gains more. */
function packFresh(fresh: Uint8Array, window: Uint8Array): Uint8Array {
  const [alone, found] = [pack(fresh, { level: highestLevel }), pack(fresh, { prefix: window, tables: "rare" })];
  return found.length < alone.length ? found : alone;
}

/** @throws DeltaError DELTA_SEGMENT_DIFFERS if the bytes do not give a content of this length */
export async function decodeDifferences(coded: Uint8Array, window: Uint8Array, length: number): Promise<Uint8Array> {
  const { count, controlBytes, control, ...packed } = splitCoded(coded);
  const stepBytes = await unpack(control, { length: controlBytes });
  const steps = decodeSteps(stepBytes, count, broken);
  freeBytes(stepBytes);
  const sums = addSteps(steps, { length, windowLength: window.length });
  const isSame = packed.differences.length === 0;
  const differences = isSame ? undefined : await unpack(packed.differences, { length: sums.copied });
  const streams = { differences, fresh: await unpack(packed.fresh, { length: sums.fresh, prefix: window }) };
  const content = applySteps(steps, streams, { window, length });
  steps.close();
  freeBytes(streams.fresh);
  if (differences !== undefined) freeBytes(differences);
  return content;
}

interface Coded {
  readonly count: number;
  /** Of the steps, unpacked. */
  readonly controlBytes: number;
  readonly control: Uint8Array;
  readonly differences: Uint8Array;
  readonly fresh: Uint8Array;
}

function splitCoded(coded: Uint8Array): Coded {
  const header = createNumberReader(coded, broken);
  const [count, controlBytes] = [header.number(), header.number()];
  const [controlLength, differing] = [header.number(), header.number()];
  if (count > stepsMax) throw broken(`they announce ${count} steps; at most ${stepsMax} are read`);
  if (controlBytes > count * stepMaxBytes) throw broken(`they announce ${controlBytes} bytes for ${count} steps`);
  const [control, differences] = [header.bytes(controlLength), header.bytes(differing)];
  return { count, controlBytes, control, differences, fresh: coded.subarray(header.position()) };
}

/** Never returns the coded bytes: what it returns is freed. */
async function unpack(bytes: Uint8Array, options: DecompressOptions): Promise<Uint8Array> {
  return bytes.length === options.length ? Uint8Array.from(bytes) : decompress(bytes, options);
}

interface StepBounds {
  readonly length: number;
  readonly windowLength: number;
}

/** How many bytes are copied, and how many are new. Every copy lies in the window. */
function addSteps(steps: Steps, { length, windowLength }: StepBounds): { copied: number; fresh: number } {
  const sums = { copied: 0, fresh: 0 };
  let position = 0;
  for (let number = 0; number < steps.count; number += 1) {
    const { seek, copied, fresh } = steps.at(number);
    position += seek;
    if (copied > 0 && (position < 0 || position + copied > windowLength))
      throw broken("a copy lies outside the window");
    position += copied + fresh;
    sums.copied += copied;
    sums.fresh += fresh;
    if (sums.copied + sums.fresh > length) break;
  }
  if (sums.copied + sums.fresh !== length) throw broken(`they do not give ${length} bytes`);
  return sums;
}

interface Streams {
  /** Undefined: the copies are right as they are. */
  readonly differences: Uint8Array | undefined;
  readonly fresh: Uint8Array;
}

function applySteps(
  steps: Steps,
  { differences, fresh: freshBytes }: Streams,
  { window, length }: { readonly window: Uint8Array; readonly length: number },
): Uint8Array {
  const content = Buffer.alloc(length);
  const [windowBytes, newBytes] = [asBuffer(window), asBuffer(freshBytes)];
  let [at, position, differing, taken] = [0, 0, 0, 0];
  for (let number = 0; number < steps.count; number += 1) {
    const { seek, copied, fresh } = steps.at(number);
    position += seek;
    // A view for each of many steps would be megabytes of garbage.
    if (copied > 0) windowBytes.copy(content, at, position, position + copied);
    if (differences !== undefined)
      for (let byte = 0; byte < copied; byte += 1)
        content[at + byte] = (content[at + byte] ?? 0) + (differences[differing + byte] ?? 0);
    position += copied + fresh;
    differing += copied;
    at += copied;
    newBytes.copy(content, at, taken, taken + fresh);
    taken += fresh;
    at += fresh;
  }
  return content;
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function broken(what: string): DeltaError {
  return new DeltaError("DELTA_SEGMENT_DIFFERS", `the coded bytes are not those of the signed segment: ${what}`);
}
