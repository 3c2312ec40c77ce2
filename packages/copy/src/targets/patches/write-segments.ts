/** Writes the segments of a patch, in order. Each one is verified before it is written. One segment and its window are in memory at a time. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { decodeSegment, freeBytes, type Segment } from "@dtuf/delta";
import { freeChunk, freeing, type ByteStream } from "@dtuf/registry";
import { fileCall, writeAt } from "@dtuf/registry/files";
import type { Reader } from "./patch-reader.ts";

/** An open file and its name in errors. */
export interface NamedHandle {
  readonly file: FileHandle;
  readonly path: string;
}

export interface Writing {
  readonly segments: readonly Segment[];
  readonly coded: Reader;
  /** Undefined: no segment has a window of an older file. */
  readonly old: NamedHandle | undefined;
  readonly output: NamedHandle;
  readonly signal: AbortSignal | undefined;
  /** Called with the end of each segment that was written. */
  readonly onWritten: (end: number) => void;
}

/**
 * One after the other: a second decoder would need as much memory again, and the next segment arrives meanwhile.
 * @throws DeltaError, FileError, OciError; what was written before is right
 */
export async function writeSegments({ segments, coded, old, output, signal, onWritten }: Writing): Promise<void> {
  const window = Buffer.alloc(segments.reduce((most, { windowLength }) => Math.max(most, windowLength), 0));
  for (const segment of segments) {
    signal?.throwIfAborted();
    const arrived = await coded.take(segment.codedLength);
    const from = segment.coding === "earlier" ? output : old;
    const decoded = await decodeSegment(segment, arrived, await readWindow(from, segment, window));
    freeChunk(arrived);
    await writeAt(output.file, decoded, { path: output.path, position: segment.offset });
    freeBytes(decoded);
    onWritten(segment.offset + segment.length);
  }
  freeBytes(window);
}

async function readWindow(
  from: NamedHandle | undefined,
  { windowOffset, windowLength }: Segment,
  into: Buffer,
): Promise<Uint8Array> {
  if (from === undefined || windowLength === 0) return new Uint8Array();
  const { bytesRead } = await fileCall(from.path, () => from.file.read(into, 0, windowLength, windowOffset));
  return into.subarray(0, bytesRead);
}

/** How many segments at the beginning of these bytes are right. */
export async function countPresent(segments: readonly Segment[], bytes: ByteStream): Promise<number> {
  let present = 0;
  let hash = createHash("sha256");
  let missing = segments[0]?.length ?? 0;
  for await (const chunk of freeing(bytes)) {
    for (let rest = chunk; rest.length > 0;) {
      const piece = rest.subarray(0, missing);
      hash.update(piece);
      missing -= piece.length;
      rest = rest.subarray(piece.length);
      if (missing > 0) continue;
      const sha256 = segments[present]?.sha256;
      if (sha256 === undefined || !hash.digest().equals(sha256)) return present;
      present += 1;
      hash = createHash("sha256");
      missing = segments[present]?.length ?? 0;
      if (missing === 0) return present;
    }
  }
  return present;
}
