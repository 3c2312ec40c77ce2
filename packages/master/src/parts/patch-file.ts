/** A patch is made in a file, segment by segment: the table, which is known at the end, comes first. */
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import {
  createSegmentEncoder,
  encodePatchTable,
  segmentedContents,
  tableBytes,
  type PatchTable,
  type PlannedSegment,
  type Segment,
  type SegmentEncoder,
} from "@dtuf/delta";
import { patchMediaType, type TargetPatch } from "@dtuf/format";
import { createDigester, digestOf, fileContent, type ByteStream } from "@dtuf/registry";
import { fileCall, openRegularFile } from "@dtuf/registry/files";
import type { Blob } from "./read-part.ts";

export interface PatchMaking extends Omit<PatchTable, "segments"> {
  readonly planned: readonly PlannedSegment[];
  /** What is cut into segments. */
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
  const { path, from } = making;
  const output = await fileCall(path, () => open(path, "wx+", 0o600));
  try {
    const segments = await writeSegments(output, making);
    if (segments === undefined) return undefined;
    const table = encodePatchTable({ ...making, segments });
    await fileCall(path, () => output.write(table, 0, table.length, 0));
    const last = segments.at(-1);
    const size = last === undefined ? table.length : last.codedOffset + last.codedLength;
    const digester = createDigester();
    for await (const bytes of fileContent(path).open(0)) digester.update(bytes);
    const descriptor = { mediaType: patchMediaType, digest: digester.digest(), size };
    const patch = { from: from.sha256, blob: descriptor, table: { digest: digestOf(table), size: table.length } };
    return { patch, blob: { descriptor, item: "patch", upload: "due", content: fileContent(path) } };
  } finally {
    await output.close();
  }
}

async function writeSegments(output: FileHandle, making: PatchMaking): Promise<readonly Segment[] | undefined> {
  const { planned, content, old, most, path, signal } = making;
  const encoder = createSegmentEncoder();
  const opened = old === undefined ? undefined : await openRegularFile(old);
  const whole = createHash("sha256");
  const segments: Segment[] = [];
  let codedOffset = tableBytes(planned.length, making.archive);
  let before: Uint8Array[] = [];
  try {
    for await (const { segment, bytes } of inPieces(content, planned)) {
      signal?.throwIfAborted();
      whole.update(bytes);
      const window = opened === undefined ? undefined : await readAt(opened.file, old ?? "", segment);
      const { coded, ...how } = await encode(encoder, { window, bytes, before, segment });
      segments.push({ ...segment, ...how, codedOffset, codedLength: coded.length });
      await fileCall(path, () => output.write(coded, 0, coded.length, codedOffset));
      codedOffset += coded.length;
      if (codedOffset > most) return undefined;
      before = [...before.slice(-1), bytes];
    }
  } finally {
    await opened?.file.close();
  }
  const isSame = whole.digest("hex") === segmentedContents(making).to.sha256;
  return isSame && segments.length === planned.length ? segments : undefined;
}

interface Piece {
  readonly segment: PlannedSegment;
  readonly bytes: Uint8Array;
}

/** @param window of the old content; undefined: the window is what is before the segment */
function encode(
  encoder: SegmentEncoder,
  {
    window,
    bytes: content,
    before,
    segment: { windowLength },
  }: Piece & { readonly window: Uint8Array | undefined; readonly before: readonly Uint8Array[] },
): ReturnType<SegmentEncoder["encode"]> {
  if (window !== undefined) return encoder.encode({ window, content });
  const earlier = Buffer.concat(before);
  return encoder.encodeAlone({ window: earlier.subarray(earlier.length - windowLength), content });
}

async function* inPieces(stream: ByteStream, planned: readonly PlannedSegment[]): AsyncGenerator<Piece, void> {
  const next = planned.values();
  let segment = next.next().value;
  let bytes = Buffer.alloc(segment?.length ?? 0);
  let filled = 0;
  for await (const chunk of stream) {
    for (let rest = chunk; rest.length > 0 && segment !== undefined;) {
      const piece = rest.subarray(0, segment.length - filled);
      bytes.set(piece, filled);
      filled += piece.length;
      rest = rest.subarray(piece.length);
      if (filled < segment.length) continue;
      yield { segment, bytes };
      segment = next.next().value;
      bytes = Buffer.alloc(segment?.length ?? 0);
      filled = 0;
    }
  }
}

async function readAt(
  file: FileHandle,
  path: string,
  { windowOffset, windowLength }: PlannedSegment,
): Promise<Uint8Array> {
  const { bytesRead, buffer } = await fileCall(path, () =>
    file.read(Buffer.alloc(windowLength), 0, windowLength, windowOffset),
  );
  return buffer.subarray(0, bytesRead);
}
