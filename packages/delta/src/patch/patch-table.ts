/** The table of a patch: how each segment of a content is made from a window of an older one. docs/format.md gives its bytes. */
import type { IndexedContent } from "../chunk-index.ts";
import { encodeRecipe, parseRecipe, recipeMaxBytes, recipeNumber, type ArchiveRecipe } from "./archive-recipe.ts";
import { invalid, readContent, unknown, writeContent } from "./table-fields.ts";

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
  readonly from: IndexedContent;
  readonly to: IndexedContent;
  readonly segments: readonly Segment[];
  /** If both contents are archives: the segments make what is in the new one from what is in the old one. */
  readonly archive?: ArchiveRecipe | undefined;
}

/** What the segments are made from, and what they make. */
export function segmentedContents({
  from,
  to,
  archive,
}: Omit<PatchTable, "segments">): Pick<PatchTable, "from" | "to"> {
  return archive ?? { from, to };
}

const magic = "dtuf-pat";
const version = 1;
const headerBytes = 100;
const entryBytes = 56;
const codings: readonly (SegmentCoding | undefined)[] = [undefined, "prefix", "differences", "earlier"];

/** 256 GiB in segments of 4 MiB. */
const segmentsMax = 2 ** 16;
/** A reader holds two of each in memory. */
export const segmentMaxBytes: number = 8 * 1024 * 1024;
export const windowMaxBytes: number = 16 * 1024 * 1024;

/** The largest table that is read, in bytes. */
export const tableMaxBytes: number = headerBytes + recipeMaxBytes + segmentsMax * entryBytes;

/** Bytes of a table of so many segments. */
export function tableBytes(count: number, archive?: ArchiveRecipe): number {
  return headerBytes + encodeRecipe(archive).length + count * entryBytes;
}

/** The bytes of a table. Its segments have to follow one another, in the content and in the patch. */
export function encodePatchTable({ from, to, segments, archive }: PatchTable): Uint8Array {
  const recipe = encodeRecipe(archive);
  const bytes = Buffer.alloc(headerBytes + recipe.length + segments.length * entryBytes);
  bytes.write(magic, "latin1");
  bytes.writeUInt32BE(version, 8);
  writeContent(bytes, 12, from);
  writeContent(bytes, 52, to);
  bytes.writeUInt32BE(recipeNumber(archive), 92);
  bytes.writeUInt32BE(segments.length, 96);
  bytes.set(recipe, headerBytes);
  segments.forEach((segment, number) => {
    const at = headerBytes + recipe.length + number * entryBytes;
    bytes.writeUInt32BE(segment.length, at);
    bytes.writeBigUInt64BE(BigInt(segment.windowOffset), at + 4);
    bytes.writeUInt32BE(segment.windowLength, at + 12);
    bytes.writeUInt32BE(segment.codedLength, at + 16);
    bytes.writeUInt32BE(codings.indexOf(segment.coding), at + 20);
    bytes.set(segment.sha256, at + 24);
  });
  return bytes;
}

/** What the patch has to be, from signed metadata. */
export interface WantedPatch {
  /** 64 hex digits. */
  readonly fromSha256: string;
  readonly to: IndexedContent;
  /** Bytes of the whole patch. */
  readonly size: number;
}

/**
 * The bytes have to be verified by their own digest before. Nothing is allocated by a number that the bytes only announce.
 * @throws DeltaError DELTA_PATCH_VERSION; DELTA_PATCH_INVALID if the bytes are not a table of this patch, or if its segments
 *   do not add up to the content and to the patch
 */
export function parsePatchTable(bytes: Uint8Array, { fromSha256, to, size }: WantedPatch): PatchTable {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < headerBytes || view.toString("latin1", 0, 8) !== magic) throw invalid("it does not begin like one");
  const found = view.readUInt32BE(8);
  if (found !== version) throw unknown("version", found);
  const from = readContent(view, 12);
  const given = readContent(view, 52);
  if (from.sha256 !== fromSha256) throw invalid("it applies to another content");
  if (given.sha256 !== to.sha256 || given.length !== to.length) throw invalid("it gives another content");
  const { archive, length: recipeBytes } = parseRecipe(view.subarray(headerBytes), view.readUInt32BE(92));
  const entries = view.subarray(headerBytes + recipeBytes);
  const count = view.readUInt32BE(96);
  if (count > segmentsMax) throw invalid(`it announces ${count} segments; at most ${segmentsMax} are read`, count);
  if (entries.length !== count * entryBytes) throw invalid(`it is not as long as ${count} segments are`, count);
  const bounds = { ...segmentedContents({ from, to, archive }), count, size, tableSize: view.length };
  return { from, to, archive, segments: readSegments(entries, bounds) };
}

interface Bounds extends Pick<PatchTable, "from" | "to"> {
  readonly count: number;
  readonly size: number;
  readonly tableSize: number;
}

function readSegments(entries: Buffer, { count, from, to, size, tableSize }: Bounds): readonly Segment[] {
  const segments: Segment[] = [];
  let offset = 0;
  let codedOffset = tableSize;
  for (let number = 0; number < count; number += 1) {
    const segment = readSegment(entries.subarray(number * entryBytes), { offset, codedOffset });
    verifySegmentSizes(segment, from.length);
    offset += segment.length;
    codedOffset += segment.codedLength;
    segments.push(segment);
  }
  if (offset !== to.length)
    throw invalid(`its segments have ${offset} bytes together, the content ${to.length}`, offset);
  if (codedOffset !== size)
    throw invalid(`it and its coded segments have ${codedOffset} bytes, the patch ${size}`, codedOffset);
  return segments;
}

function readSegment(view: Buffer, at: Pick<Segment, "offset" | "codedOffset">): Segment {
  const number = view.readUInt32BE(20);
  const coding = codings[number];
  if (coding === undefined) throw unknown("coding", number);
  return {
    ...at,
    length: view.readUInt32BE(0),
    windowOffset: Number(view.readBigUInt64BE(4)),
    windowLength: view.readUInt32BE(12),
    codedLength: view.readUInt32BE(16),
    coding,
    sha256: view.subarray(24, 56),
  };
}

function verifySegmentSizes(segment: Segment, oldLength: number): void {
  const { offset, length, windowOffset, windowLength, codedLength, coding } = segment;
  const where = `the segment at ${offset}`;
  if (length < 1 || length > segmentMaxBytes) throw invalid(`${where} has ${length} bytes`, length);
  if (windowLength > windowMaxBytes) throw invalid(`${where} has a window of ${windowLength} bytes`, windowLength);
  // An offset beyond 2^53 is rounded, and beyond every old content.
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
