/** A patch to a target from an older version of it, made after the target's parts were read. */
import { rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import {
  chooseAverage,
  createSegmentEncoder,
  encodePatchTable,
  indexStream,
  planSegments,
  type ChunkIndex,
  type PlannedSegment,
  type Segment,
} from "@dtuf/delta";
import { findTargetBlobs, patchMediaType, type TargetPatch } from "@dtuf/format";
import { digestHex, digestOf, openContent, type ByteStream, type Digest } from "@dtuf/registry";
import { createAtomicFile, fileCall, openRegularFile } from "@dtuf/registry/files";
import type { TargetFile } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { patchMaxBytes, patchMostShare } from "../limits.ts";
import type { Operation } from "../state/operation.ts";
import type { IndexOptions } from "../target-contract.ts";
import type { Blob } from "./read-part.ts";

export interface PatchedTarget {
  readonly patchFrom: NonNullable<IndexOptions["patchFrom"]>;
  /** The published target of the same name. */
  readonly replaced: TargetFile | undefined;
  readonly blobs: readonly Blob[];
  readonly digest: Digest;
  readonly chunkBytes: number | undefined;
}

export interface MadePatch {
  readonly patch: TargetPatch;
  readonly blob: Blob;
}

/** Returns undefined if there is no older version, or if its patch would save too little. @throws FileError; MasterError; OciError */
export async function makePatch(operation: Operation, target: PatchedTarget): Promise<MadePatch | undefined> {
  const { patchFrom, replaced } = target;
  if (patchFrom !== "published") return fromFile(operation, target, patchFrom.path);
  if (replaced === undefined || replaced.hashes.get("sha256") === digestHex(target.digest)) return undefined;
  const path = join(operation.files.directory, `older-${digestHex(target.digest)}.tmp`);
  try {
    return (await download(operation, replaced, path)) ? await fromFile(operation, target, path) : undefined;
  } finally {
    await rm(path, { force: true });
  }
}

/** False if the registry does not have it any more. */
async function download({ store, signal }: Operation, file: TargetFile, path: string): Promise<boolean> {
  const to = await createAtomicFile(path, { directorySync: "later" });
  try {
    for (const blob of findTargetBlobs(file) ?? []) {
      const stream = await store.open(blob, { signal });
      if (stream === undefined) {
        await to.abort();
        return false;
      }
      for await (const chunk of stream) await to.write(chunk);
    }
    await to.commit();
    return true;
  } catch (error) {
    await to.abort();
    throw error;
  }
}

async function fromFile(operation: Operation, target: PatchedTarget, path: string): Promise<MadePatch | undefined> {
  const opened = await openRegularFile(path, { followLinks: true });
  if (opened === undefined) {
    throw new MasterError("MASTER_PART_INVALID", `there is no ${path} to make a patch from`, { details: { path } });
  }
  const { file, size } = opened;
  try {
    const { signal } = operation;
    const length = target.blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    const average = target.chunkBytes ?? chooseAverage(length);
    const old = await indexStream(fileStream(file, size, path), { average, signal });
    const content = await indexStream(contentOf(operation, target), { average, signal });
    if (old === undefined || content === undefined || old.sha256 === content.sha256) return undefined;
    if (content.sha256 !== digestHex(target.digest)) throw changed(target);
    const planned = planSegments(content, old);
    const most = Math.min(patchMaxBytes, patchMostShare * missingBytes(content, old));
    return planned && (await code(operation, { target, planned, content, old, most, file, path }));
  } finally {
    await file.close();
  }
}

/** What a client that has the old content would fetch without the patch. */
function missingBytes(content: ChunkIndex, old: ChunkIndex): number {
  const keys = (index: ChunkIndex): readonly (readonly [string, number])[] =>
    Array.from({ length: index.count }, (_, number) => {
      const { sha256, length } = index.chunk(number);
      return [Buffer.from(sha256).toString("hex"), length] as const;
    });
  const held = new Map(keys(old));
  return keys(content).reduce((sum, [key, length]) => (held.has(key) ? sum : sum + length), 0);
}

interface Coding {
  readonly target: PatchedTarget;
  readonly planned: readonly PlannedSegment[];
  readonly content: ChunkIndex;
  readonly old: ChunkIndex;
  /** Bytes; a larger patch is not worth it. */
  readonly most: number;
  readonly file: FileHandle;
  readonly path: string;
}

async function code(operation: Operation, coding: Coding): Promise<MadePatch | undefined> {
  const { target, planned, content, old, most, file, path } = coding;
  const encoder = createSegmentEncoder();
  const segments: Segment[] = [];
  const frames: Uint8Array[] = [];
  const pieces = inPieces(contentOf(operation, target), planned);
  let codedOffset = encodePatchTable({ from: old, to: content, segments: [] }).length;
  for await (const { segment, bytes } of pieces) {
    operation.signal?.throwIfAborted();
    const window = await readAt(file, path, segment);
    const { coded, ...how } = await encoder.encode({ window, content: bytes });
    segments.push({ ...segment, ...how, codedOffset, codedLength: coded.length });
    frames.push(coded);
    codedOffset += coded.length;
    if (codedOffset > most) return undefined;
  }
  const table = encodePatchTable({ from: old, to: content, segments });
  const whole = Buffer.concat([table, ...frames]);
  const descriptor = { mediaType: patchMediaType, digest: digestOf(whole), size: whole.length };
  const blob: Blob = { descriptor, item: "patch", upload: "due", content: { open: (at) => openContent(whole, at) } };
  const patch = { from: old.sha256, blob: descriptor, table: { digest: digestOf(table), size: table.length } };
  return { patch, blob };
}

async function* inPieces(
  stream: ByteStream,
  planned: readonly PlannedSegment[],
): AsyncGenerator<{ readonly segment: PlannedSegment; readonly bytes: Uint8Array }, void> {
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

async function* fileStream(file: FileHandle, size: number, path: string): ByteStream {
  const length = 1024 * 1024;
  for (let at = 0; at < size; at += length)
    yield await readAt(file, path, { offset: 0, length: 0, windowOffset: at, windowLength: length });
}

/** The parts again, in order. */
async function* contentOf({ store, signal }: Operation, { blobs }: PatchedTarget): ByteStream {
  for (const { content, descriptor } of blobs) {
    const stream = content === undefined ? await store.open(descriptor, { signal }) : content.open(0);
    if (stream !== undefined) yield* stream;
  }
}

function changed({ blobs }: PatchedTarget): MasterError {
  const [path = ""] = blobs.map(({ item }) => item);
  return new MasterError("MASTER_PART_INVALID", `${path} changed while it was read`, { details: { path } });
}
