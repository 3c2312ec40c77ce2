/** A patch is made in a file, segment by segment: in front of them is space for the table, which is known at the end and ends where they begin. */
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import {
  encodeSegment,
  encodeSegmentAlone,
  encodePatchTable,
  mostTableBytes,
  type IndexedContent,
  type PatchTable,
  type PlannedSegment,
  type WrittenTable,
} from "@dtuf/delta";
import { patchMediaType, type TargetPatch } from "@dtuf/format";
import { createDigester, digestOf, fileContent, type ByteStream } from "@dtuf/registry";
import { fileCall, openRegularFile, writeAt } from "@dtuf/registry/files";
import type { Blob } from "./read-part.ts";

export interface PatchMaking extends Pick<PatchTable, "oldLength" | "archive"> {
  /** SHA-256 of the old target, in hex; of no bytes for a compressed copy. */
  readonly from: string;
  /** What is cut into segments: the new target, or what is in it. */
  readonly to: IndexedContent;
  readonly planned: readonly PlannedSegment[];
  /** The bytes of `to`. */
  readonly content: ByteStream;
  /** What the windows lie in; undefined: in the content itself, in front of each segment. */
  readonly old: string | undefined;
  /** Bytes; a larger patch is not worth it. */
  readonly most: number;
  /** Where the patch is written. */
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}

export interface MadePatch {
  readonly patch: TargetPatch;
  /** Absent if the registry has it: it was published with an older version. */
  readonly blob: Blob;
}

/** Returns undefined if the patch would be larger than `most`, or if the content is another one than `to` says. */
export async function writePatch(making: PatchMaking): Promise<MadePatch | undefined> {
  const { path, from, to, planned, most } = making;
  const output = await fileCall(path, () => open(path, "wx+", 0o600));
  try {
    const space = mostTableBytes(planned.length);
    const segments = await writeSegments(output, making, space);
    if (segments === undefined) return undefined;
    const table = encodePatchTable({ ...making, newLength: to.length, segments });
    const size = segments.reduce((sum, { codedLength }) => sum + codedLength, table.length);
    if (size > most) return undefined;
    const start = space - table.length;
    await writeAt(output, table, { path, position: start });
    const content = fileContent(path, { from: start, to: Infinity });
    const digester = createDigester();
    for await (const bytes of content.open(0)) digester.update(bytes);
    const descriptor = { mediaType: patchMediaType, digest: digester.digest(), size };
    const patch = { from, blob: descriptor, table: { digest: digestOf(table), size: table.length } };
    return { patch, blob: { descriptor, item: "patch", upload: "due", content } };
  } finally {
    await output.close();
  }
}

/** @param start offset in the output of the first coded segment */
async function writeSegments(
  output: FileHandle,
  making: PatchMaking,
  start: number,
): Promise<WrittenTable["segments"] | undefined> {
  const { planned, content, to, old, most, path, signal } = making;
  const opened = old === undefined ? undefined : await openRegularFile(old);
  const whole = createHash("sha256");
  const segments: WrittenTable["segments"][number][] = [];
  let codedBytes = 0;
  try {
    for await (const { segment, bytes, window } of inPieces(content, planned)) {
      signal?.throwIfAborted();
      whole.update(bytes);
      const read = opened && (await readAt(opened.file, { path: old ?? "", offset: segment.windowOffset, window }));
      const pair = { window: read ?? window, content: bytes };
      const { coded, ...how } = await (read === undefined ? encodeSegmentAlone(pair) : encodeSegment(pair));
      segments.push({ ...segment, ...how, codedLength: coded.length });
      await writeAt(output, coded, { path, position: start + codedBytes });
      codedBytes += coded.length;
      if (codedBytes > most) return undefined;
    }
  } finally {
    await opened?.file.close();
  }
  const isSame = whole.digest("hex") === to.sha256;
  return isSame && segments.length === planned.length ? segments : undefined;
}

interface Piece {
  readonly segment: PlannedSegment;
  /** Valid until the next piece is asked for, as `window` is. */
  readonly bytes: Uint8Array;
  /** As many bytes of the content as the segment's window has, in front of it; the caller may write over them. */
  readonly window: Uint8Array;
}

/** One piece of memory for all segments and windows: one for each would wait for the garbage collector. */
async function* inPieces(stream: ByteStream, planned: readonly PlannedSegment[]): AsyncGenerator<Piece, void> {
  const most = (of: "length" | "windowLength"): number => planned.reduce((sum, one) => Math.max(sum, one[of]), 0);
  const start = most("windowLength");
  const space = Buffer.alloc(start + most("length"));
  const next = planned.values();
  let segment = next.next().value;
  let filled = 0;
  for await (const chunk of stream) {
    for (let rest = chunk; rest.length > 0 && segment !== undefined;) {
      const piece = rest.subarray(0, segment.length - filled);
      space.set(piece, start + filled);
      filled += piece.length;
      rest = rest.subarray(piece.length);
      if (filled < segment.length) continue;
      const [bytes, window] = [
        space.subarray(start, start + filled),
        space.subarray(start - segment.windowLength, start),
      ];
      yield { segment, bytes, window };
      space.copyWithin(0, filled, start + filled);
      segment = next.next().value;
      filled = 0;
    }
  }
}

interface Reading {
  readonly path: string;
  readonly offset: number;
  /** Where the bytes are put. */
  readonly window: Uint8Array;
}

async function readAt(file: FileHandle, { path, offset, window }: Reading): Promise<Uint8Array> {
  const { bytesRead } = await fileCall(path, () => file.read(window, 0, window.length, offset));
  return window.subarray(0, bytesRead);
}
