/** The table of a patch: how each segment of a content is made from a window of an older one. docs/format.md gives its bytes. */
import { encodeRecipe, readRecipe, recipeMaxBytes, type ArchiveRecipe } from "./archive-recipe.ts";
import { createNumberReader, encodeNumbers, longNumberMaxBytes, type NumberReader } from "../numbers.ts";
import { invalid, unknown } from "./refusals.ts";

/**
 * "prefix": zstd with the window as prefix. "differences": copies of the window with differences, and new bytes. "earlier": as
 * "prefix", but the window lies in the new content, in front of the segment.
 */
export type SegmentCoding = "prefix" | "differences" | "earlier";

export interface Segment {
  /** Offset of the first byte in the new content. */
  readonly offset: number;
  readonly length: number;
  /** The bytes of the old content that it is made from; of the new one for "earlier". */
  readonly windowOffset: number;
  readonly windowLength: number;
  /** Offset in the patch: the table comes first, then the coded segments in order without gaps. */
  readonly codedOffset: number;
  readonly codedLength: number;
  readonly coding: SegmentCoding;
  readonly sha256: Uint8Array;
}

export interface PatchTable {
  /** Bytes of the contents that the segments are of: with `archive`, of what is in the old archive and in the new one. */
  readonly oldLength: number;
  readonly newLength: number;
  /** If both contents are archives. */
  readonly archive?: ArchiveRecipe | undefined;
  readonly segments: readonly Segment[];
}

const magic = "dtuf-pat";
const version = 2;
const headerBytes = 12;
const codings: readonly (SegmentCoding | undefined)[] = [undefined, "prefix", "differences", "earlier"];
const sha256Bytes = 32;

/** 256 GiB in segments of 4 MiB. */
const segmentsMax = 2 ** 16;
/** Shorter on average, many segments would keep a reader busy and leave garbage. Any two neighbours that a publisher cuts have 4 MiB. */
const segmentMinBytes = 2 ** 20;
/** A reader has a copy of the window in memory, and zstd another one. */
export const segmentMaxBytes: number = 8 * 1024 * 1024;
export const windowMaxBytes: number = 8 * 1024 * 1024;

/** The largest table that is read, in bytes. */
export const tableMaxBytes: number = mostTableBytes(segmentsMax);

/** What a table of so many segments takes at most, in bytes. */
export function mostTableBytes(count: number): number {
  const [beforeSegments, ofSegment] = [3, 5]; // numbers
  const segmentBytes = ofSegment * longNumberMaxBytes + sha256Bytes;
  return headerBytes + beforeSegments * longNumberMaxBytes + recipeMaxBytes + count * segmentBytes;
}

export interface WrittenTable extends Omit<PatchTable, "segments"> {
  /** They follow one another, in the content and in the patch. */
  readonly segments: readonly Omit<Segment, "offset" | "codedOffset">[];
}

/** The bytes of a table. */
export function encodePatchTable({ oldLength, newLength, archive, segments }: WrittenTable): Uint8Array {
  const header = Buffer.alloc(headerBytes);
  header.write(magic, "latin1");
  header.writeUInt32BE(version, 8);
  return Buffer.concat([
    header,
    encodeNumbers([oldLength, newLength]),
    encodeRecipe(archive),
    encodeNumbers([segments.length]),
    ...segments.flatMap(({ length, windowOffset, windowLength, coding, codedLength, sha256 }) => [
      encodeNumbers([length, windowOffset, windowLength, codings.indexOf(coding), codedLength]),
      sha256,
    ]),
  ]);
}

/** What the patch has to be, from signed metadata. */
export interface WantedPatch {
  /** Bytes of what it makes. */
  readonly length: number;
  /** Bytes of the whole patch. */
  readonly size: number;
}

/**
 * The bytes have to be verified by their own digest before. Nothing is allocated by a number that the bytes only announce.
 * @throws DeltaError DELTA_PATCH_VERSION; DELTA_PATCH_INVALID if the bytes are not a table of such a patch, or if its segments
 *   do not add up to the content and to the patch
 */
export function parsePatchTable(bytes: Uint8Array, { length, size }: WantedPatch): PatchTable {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < headerBytes || view.toString("latin1", 0, 8) !== magic) throw invalid("it does not begin like one");
  const found = view.readUInt32BE(8);
  if (found !== version) throw unknown("version", found);
  const reader = createNumberReader(view.subarray(headerBytes), invalid);
  const [oldLength, newLength] = [reader.number(), reader.number()];
  const archive = readRecipe(reader);
  if (archive === undefined && newLength !== length)
    throw invalid(`it makes ${newLength} bytes, the content has ${length}`, newLength);
  const count = reader.number();
  const most = Math.min(segmentsMax, 1 + Math.ceil(newLength / segmentMinBytes));
  if (count > most) throw invalid(`it announces ${count} segments; at most ${most} are read`, count);
  const segments = readSegments(reader, { count, oldLength, newLength, size, tableSize: view.length });
  if (headerBytes + reader.position() !== view.length) throw invalid(`it goes on behind ${count} segments`, count);
  return { oldLength, newLength, archive, segments };
}

interface Bounds extends Pick<PatchTable, "oldLength" | "newLength"> {
  readonly count: number;
  readonly size: number;
  readonly tableSize: number;
}

function readSegments(
  reader: NumberReader,
  { count, oldLength, newLength, size, tableSize }: Bounds,
): readonly Segment[] {
  const segments: Segment[] = [];
  let offset = 0;
  let codedOffset = tableSize;
  for (let number = 0; number < count; number += 1) {
    const segment = readSegment(reader, { offset, codedOffset });
    verifySegmentSizes(segment, oldLength);
    offset += segment.length;
    codedOffset += segment.codedLength;
    segments.push(segment);
  }
  if (offset !== newLength)
    throw invalid(`its segments have ${offset} bytes together, the content ${newLength}`, offset);
  if (codedOffset !== size)
    throw invalid(`it and its coded segments have ${codedOffset} bytes, the patch ${size}`, codedOffset);
  return segments;
}

function readSegment(reader: NumberReader, at: Pick<Segment, "offset" | "codedOffset">): Segment {
  const [length, windowOffset, windowLength] = [reader.number(), reader.number(), reader.number()];
  const number = reader.number();
  const coding = codings[number];
  if (coding === undefined) throw unknown("coding", number);
  const codedLength = reader.number();
  return { ...at, length, windowOffset, windowLength, coding, codedLength, sha256: reader.bytes(sha256Bytes) };
}

function verifySegmentSizes(segment: Segment, oldLength: number): void {
  const { offset, length, windowOffset, windowLength, codedLength, coding } = segment;
  const where = `the segment at ${offset}`;
  if (length < 1 || length > segmentMaxBytes) throw invalid(`${where} has ${length} bytes`, length);
  if (windowLength > windowMaxBytes) throw invalid(`${where} has a window of ${windowLength} bytes`, windowLength);
  if (windowOffset + windowLength > (coding === "earlier" ? offset : oldLength))
    throw invalid(
      `${where} has a window outside ${coding === "earlier" ? "what is in front of it" : "the old content"}`,
    );
  if (codedLength < 1 || codedLength > codedMaxBytes(length))
    throw invalid(`${where} is coded in ${codedLength} bytes`, codedLength);
}

/** A segment that has nothing in common with its window is not coded in many more bytes than it has. */
export function codedMaxBytes(length: number): number {
  return length + Math.ceil(length / 128) + 1024;
}
