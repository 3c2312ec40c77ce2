/** One segment of a patch: coded in the shorter of two ways, and decoded and verified. */
import { createHash } from "node:crypto";
import { DeltaError } from "../errors.ts";
import { decodeDifferences, encodeDifferences } from "./differences.ts";
import { freeBytes } from "./free-bytes.ts";
import type { Pair } from "./match-finder.ts";
import { codedMaxBytes, type Segment } from "./table/patch-table.ts";
import { compress, decompress } from "./zstd.ts";

export interface CodedSegment extends Pick<Segment, "coding" | "sha256"> {
  readonly coded: Uint8Array;
}

/**
 * Codes a segment with a window of an old content. What it returns was decoded once and is right. It takes about a second of the calling
 * thread for a segment of 4 MiB, and 24 MiB for a window of 8 MiB.
 * @throws DeltaError DELTA_SEGMENT_DIFFERS if no coding gives the segment again
 */
export async function encodeSegment(pair: Pair): Promise<CodedSegment> {
  const { window, content } = pair;
  const sha256 = createHash("sha256").update(content).digest();
  const found: CodedSegment[] = [{ coding: "prefix", coded: compress(content, { prefix: window }), sha256 }];
  const differences = encodeDifferences(pair);
  if (differences !== undefined) found.push({ coding: "differences", coded: differences, sha256 });
  for (const segment of found.toSorted((a, b) => a.coded.length - b.coded.length))
    if (await isRight(segment, pair)) return segment;
  throw differs(0, "no coding gives it again");
}

/**
 * Codes a segment without an old content: the window are the bytes in front of it, or none. What it returns was decoded once and is right.
 * @throws DeltaError DELTA_SEGMENT_DIFFERS
 */
export async function encodeSegmentAlone(pair: Pair): Promise<CodedSegment> {
  const { window, content } = pair;
  const sha256 = createHash("sha256").update(content).digest();
  const segment = { coding: "earlier", coded: compress(content, { prefix: window }), sha256 } as const;
  if (await isRight(segment, pair)) return segment;
  throw differs(0, "zstd does not give it again");
}

async function isRight(segment: CodedSegment, { window, content }: Pair): Promise<boolean> {
  if (segment.coded.length > codedMaxBytes(content.length)) return false;
  try {
    freeBytes(await decodeSegment({ ...segment, offset: 0, length: content.length }, segment.coded, window));
    return true;
  } catch (error) {
    if (DeltaError.is(error)) return false;
    throw error;
  }
}

/**
 * Returns the bytes of the segment, verified. Never allocates more than its length and 3 MiB for what it decodes.
 * @throws DeltaError DELTA_SEGMENT_DIFFERS
 */
export async function decodeSegment(
  { coding, offset, length, sha256 }: Pick<Segment, "coding" | "offset" | "length" | "sha256">,
  coded: Uint8Array,
  window: Uint8Array,
): Promise<Uint8Array> {
  const bytes =
    coding === "differences"
      ? await decodeDifferences(coded, window, length)
      : await decompress(coded, { length, prefix: window });
  if (createHash("sha256").update(bytes).digest().equals(sha256)) return bytes;
  throw differs(offset, "the SHA-256 is another one");
}

function differs(offset: number, what: string): DeltaError {
  const message = `the segment at ${offset} is not the signed one: ${what}`;
  return new DeltaError("DELTA_SEGMENT_DIFFERS", message, { offset });
}
