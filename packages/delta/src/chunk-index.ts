/** The chunk index: the length and SHA-256 of every chunk of a content, in order. docs/format.md gives its bytes. */
import { averageMax, averageMin, isAverage } from "./chunk-size.ts";
import { DeltaError } from "./errors.ts";

export interface Chunk {
  /** Offset of the first byte in the content. */
  readonly offset: number;
  readonly length: number;
  readonly sha256: Uint8Array;
}

export interface ChunkIndex {
  /** The average that the content was cut with. */
  readonly average: number;
  /** Bytes of the whole content. */
  readonly length: number;
  /** Of the whole content, 64 hex digits. */
  readonly sha256: string;
  readonly count: number;
  /** @throws RangeError if there is no chunk of this number, counted from 0 */
  chunk(number: number): Chunk;
}

const magic = "dtuf-idx";
const version = 1;
const headerBytes = 60;
export const entryBytes = 36;

/** Most chunks of an index: four times as many as a publisher makes. The index has 38 MB then. */
export const chunksMax: number = 2 ** 20;

/** The largest index that is read, in bytes. */
export const indexMaxBytes: number = headerBytes + chunksMax * entryBytes;

export interface IndexContent extends Omit<ChunkIndex, "chunk"> {
  /** For each chunk its length as four bytes, big-endian, and its SHA-256. */
  readonly entries: Uint8Array;
}

export function encodeChunkIndex({ average, length, sha256, count, entries }: IndexContent): Uint8Array {
  const bytes = new Uint8Array(headerBytes + count * entryBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(magic));
  view.setUint32(8, version);
  view.setUint32(12, average);
  view.setBigUint64(16, BigInt(length));
  bytes.set(Buffer.from(sha256, "hex"), 24);
  view.setUint32(56, count);
  bytes.set(entries.subarray(0, count * entryBytes), headerBytes);
  return bytes;
}

/** What the index has to describe, from signed metadata. */
export interface IndexedContent {
  readonly length: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/**
 * The bytes have to be verified by their own digest before. Nothing is allocated by a number that the bytes only announce.
 * @throws DeltaError DELTA_INDEX_VERSION; DELTA_INDEX_INVALID if the bytes are not an index of this content, or if its
 *   chunks do not add up to it
 */
export function parseChunkIndex(bytes: Uint8Array, content: IndexedContent): ChunkIndex {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || text(bytes, 0, 8) !== magic) throw invalid("it does not begin like one");
  const found = view.getUint32(8);
  if (found !== version) {
    const message = `the chunk index has version ${found}; this program knows version ${version}`;
    throw new DeltaError("DELTA_INDEX_VERSION", message, { wanted: version, got: found });
  }
  const average = view.getUint32(12);
  if (!isAverage(average))
    throw invalid(`the average is not a power of two from ${averageMin} to ${averageMax}`, average);
  if (view.getBigUint64(16) !== BigInt(content.length)) throw invalid(`it is of another length than ${content.length}`);
  if (Buffer.from(bytes.subarray(24, 56)).toString("hex") !== content.sha256) throw invalid("it is of another content");
  const count = view.getUint32(56);
  if (count > chunksMax) throw invalid(`it announces ${count} chunks; at most ${chunksMax} are read`, count);
  if (bytes.length !== headerBytes + count * entryBytes)
    throw invalid(`it is not as long as ${count} chunks are`, count);
  const ends = readEnds(view, { average, count, length: content.length });
  return { average, ...content, count, chunk: (number) => chunkAt(bytes, ends, number) };
}

/** The offsets behind each chunk. */
function readEnds(
  view: DataView,
  { average, count, length }: Pick<ChunkIndex, "average" | "count" | "length">,
): Float64Array {
  const ends = new Float64Array(count);
  let end = 0;
  for (let number = 0; number < count; number += 1) {
    const size = view.getUint32(headerBytes + number * entryBytes);
    const least = number === count - 1 ? 1 : average / 4 + 1;
    if (size < least || size > average * 4)
      throw invalid(`chunk ${number} has a length that no cut makes: ${size}`, size);
    end += size;
    ends[number] = end;
  }
  if (end !== length) throw invalid(`its chunks have ${end} bytes together, the content ${length}`, end);
  return ends;
}

function chunkAt(bytes: Uint8Array, ends: Float64Array, number: number): Chunk {
  const end = ends[number];
  if (end === undefined) throw new RangeError(`there is no chunk ${number} of ${ends.length}`);
  const offset = number === 0 ? 0 : (ends[number - 1] ?? 0);
  const hash = headerBytes + number * entryBytes + 4;
  return { offset, length: end - offset, sha256: bytes.subarray(hash, hash + 32) };
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString("latin1");
}

function invalid(what: string, got?: number): DeltaError {
  const details = got === undefined ? {} : { got };
  return new DeltaError("DELTA_INDEX_INVALID", `not a chunk index of this content: ${what}`, details);
}
