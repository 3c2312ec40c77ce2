/** The table of a patch: how each segment of a content is made from a window of an older one. docs/format.md gives its bytes. */
import type { IndexedContent } from "../chunk-index.ts";
import { DeltaError } from "../errors.ts";

/** "prefix": zstd with the window as prefix. "differences": copies of the window with differences, and new bytes. */
export type SegmentCoding = "prefix" | "differences";

export interface Segment {
  /** Offset of the first byte in the new content. */
  readonly offset: number;
  readonly length: number;
  /** The bytes of the old content that it is made from. */
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
}

const magic = "dtuf-pat";
const version = 1;
const headerBytes = 100;
const entryBytes = 56;
const codings: readonly (SegmentCoding | undefined)[] = [undefined, "prefix", "differences"];

/** 256 GiB in segments of 4 MiB. */
const segmentsMax = 2 ** 16;
/** A reader holds two of each in memory. */
export const segmentMaxBytes: number = 8 * 1024 * 1024;
export const windowMaxBytes: number = 16 * 1024 * 1024;

/** The largest table that is read, in bytes. */
export const tableMaxBytes: number = headerBytes + segmentsMax * entryBytes;

/** The bytes of a table. Its segments have to follow one another, in the content and in the patch. */
export function encodePatchTable({ from, to, segments }: PatchTable): Uint8Array {
  const bytes = Buffer.alloc(headerBytes + segments.length * entryBytes);
  bytes.write(magic, "latin1");
  bytes.writeUInt32BE(version, 8);
  writeContent(bytes, 12, from);
  writeContent(bytes, 52, to);
  bytes.writeUInt32BE(segments.length, 96);
  segments.forEach((segment, number) => {
    const at = headerBytes + number * entryBytes;
    bytes.writeUInt32BE(segment.length, at);
    bytes.writeBigUInt64BE(BigInt(segment.windowOffset), at + 4);
    bytes.writeUInt32BE(segment.windowLength, at + 12);
    bytes.writeUInt32BE(segment.codedLength, at + 16);
    bytes.writeUInt32BE(codings.indexOf(segment.coding), at + 20);
    bytes.set(segment.sha256, at + 24);
  });
  return bytes;
}

function writeContent(bytes: Buffer, at: number, { length, sha256 }: IndexedContent): void {
  bytes.writeBigUInt64BE(BigInt(length), at);
  bytes.set(Buffer.from(sha256, "hex"), at + 8);
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
  verifyKnown("version", view.readUInt32BE(8), version);
  const from = readContent(view, 12);
  const found = readContent(view, 52);
  if (from.sha256 !== fromSha256) throw invalid("it applies to another content");
  if (found.sha256 !== to.sha256 || found.length !== to.length) throw invalid("it gives another content");
  verifyKnown("recipe", view.readUInt32BE(92), 0);
  const count = view.readUInt32BE(96);
  if (count > segmentsMax) throw invalid(`it announces ${count} segments; at most ${segmentsMax} are read`, count);
  if (view.length !== headerBytes + count * entryBytes)
    throw invalid(`it is not as long as ${count} segments are`, count);
  return { from, to, segments: readSegments(view, { count, from, to, size }) };
}

interface Bounds extends Pick<PatchTable, "from" | "to"> {
  readonly count: number;
  readonly size: number;
}

function readSegments(view: Buffer, { count, from, to, size }: Bounds): readonly Segment[] {
  const segments: Segment[] = [];
  let offset = 0;
  let codedOffset = view.length;
  for (let number = 0; number < count; number += 1) {
    const segment = readSegment(view.subarray(headerBytes + number * entryBytes), { offset, codedOffset });
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
  const { offset, length, windowOffset, windowLength, codedLength } = segment;
  const where = `the segment at ${offset}`;
  if (length < 1 || length > segmentMaxBytes) throw invalid(`${where} has ${length} bytes`, length);
  if (windowLength > windowMaxBytes) throw invalid(`${where} has a window of ${windowLength} bytes`, windowLength);
  // An offset beyond 2^53 is rounded, and beyond every old content.
  if (windowOffset + windowLength > oldLength) throw invalid(`${where} has a window outside the old content`);
  if (codedLength < 1 || codedLength > codedMaxBytes(length))
    throw invalid(`${where} is coded in ${codedLength} bytes`, codedLength);
}

/** A segment that has nothing in common with its window is not coded in many more bytes than it has. */
export function codedMaxBytes(length: number): number {
  return length + Math.ceil(length / 128) + 1024;
}

function readContent(view: Buffer, at: number): IndexedContent {
  const length = Number(view.readBigUInt64BE(at));
  if (!Number.isSafeInteger(length)) throw invalid("it is for a content of more than 2^53 bytes");
  return { length, sha256: view.toString("hex", at + 8, at + 40) };
}

function verifyKnown(what: string, got: number, wanted: number): void {
  if (got !== wanted) throw unknown(what, got);
}

function unknown(what: string, got: number): DeltaError {
  return new DeltaError("DELTA_PATCH_VERSION", `the patch has a ${what} that this program does not know: ${got}`, {
    got,
  });
}

function invalid(what: string, got?: number): DeltaError {
  const details = got === undefined ? {} : { got };
  return new DeltaError("DELTA_PATCH_INVALID", `not a table of this patch: ${what}`, details);
}
