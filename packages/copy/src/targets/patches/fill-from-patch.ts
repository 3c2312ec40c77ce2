/**
 * Fills a partial file from an older file and a signed patch, segment by segment, in order. Each segment is verified before it is
 * written. What an earlier call wrote is verified and kept. One segment and its window are in memory at a time.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { decodeSegment, parsePatchTable, type PatchTable, type Segment } from "@dtuf/delta";
import { freeChunk, freeing, OciError, verifyBytes, withOwnMemory, type ByteStream } from "@dtuf/registry";
import { createBatchWriter, fileCall, FileError, openRegularFile, type BatchWriter } from "@dtuf/registry/files";
import type { Site, TargetInfo } from "../../sources/source.ts";
import type { FetchTargetContext } from "../fetch-part.ts";
import { readRange, type PartialFile } from "../partial-file.ts";
import type { FoundPatch } from "./find-patch.ts";

export interface Patching extends FoundPatch {
  readonly target: TargetInfo;
  readonly partial: PartialFile;
  /** Bytes of the partial file. They may be wrong. */
  readonly held: number;
}

/** @throws DeltaError, FileError, OciError; what was written before is right */
export async function fillFromPatch(site: Site, patching: Patching, context: FetchTargetContext): Promise<void> {
  const { path, partial, target, held } = patching;
  const opened = await openRegularFile(path);
  if (opened === undefined) throw new FileError("FILE_CHANGED", `${path} is gone`, { details: { path } });
  const over = new AbortController();
  const signal = context.signal === undefined ? over.signal : AbortSignal.any([context.signal, over.signal]);
  try {
    const { table, reader } = await openPatch(site, patching, signal);
    const present = await countPresent(table, readRange(partial.path, 0, held));
    const segments = table.segments.slice(present);
    const position = segments[0]?.offset ?? target.length;
    const coded = reader ?? (await openRest(site, { ...patching, segments }, signal));
    await fileCall(partial.path, () => partial.file.truncate(position));
    const writer = createBatchWriter(partial.file, {
      path: partial.path,
      position,
      expectedBytes: target.length - position,
    });
    try {
      await writeSegments({ segments, coded, old: opened.file, path, writer, target }, context);
    } finally {
      await writer.end();
    }
  } finally {
    // A range that was not read to its end holds a connection.
    over.abort();
    await opened.file.close();
  }
}

interface OpenedPatch {
  readonly table: PatchTable;
  /** Goes on behind the table; undefined if the table alone was fetched, because some segments are there. */
  readonly reader: Reader | undefined;
}

async function openPatch(site: Site, { target, patch, held }: Patching, signal: AbortSignal): Promise<OpenedPatch> {
  const { blob, table, from } = patch;
  const isFresh = held === 0;
  const reader = await openReader(site, { target, patch, from: 0, to: isFresh ? blob.size : table.size }, signal);
  const bytes = verifyBytes(await reader.take(table.size), table);
  const to = { length: target.length, sha256: target.hashes.get("sha256") ?? "" };
  const parsed = parsePatchTable(bytes, { fromSha256: from, to, size: blob.size });
  return { table: parsed, reader: isFresh ? reader : undefined };
}

async function openRest(
  site: Site,
  { target, patch, segments }: Patching & { readonly segments: readonly Segment[] },
  signal: AbortSignal,
): Promise<Reader> {
  const [first] = segments;
  if (first === undefined) return createReader(nothing());
  return openReader(site, { target, patch, from: first.codedOffset, to: patch.blob.size }, signal);
}

async function* nothing(): ByteStream {}

interface PatchRange extends Pick<Patching, "target" | "patch"> {
  readonly from: number;
  readonly to: number;
}

async function openReader(site: Site, { target, patch, from, to }: PatchRange, signal: AbortSignal): Promise<Reader> {
  const isAll = to - from === patch.blob.size;
  // A site that sends the whole patch instead is as good if that is what was requested.
  const onWhole = isAll ? { onWhole: (): void => undefined } : {};
  const stream = await site.openRange?.({ ...target, blobs: [patch.blob] }, { from, to }, { signal, ...onWhole });
  if (stream === undefined) throw new OciError("OCI_UNSUPPORTED", "the registry does not send this range of the patch");
  return createReader(stream);
}

interface Reader {
  /** @throws OciError OCI_SIZE_MISMATCH if the stream ends before */
  take(length: number): Promise<Uint8Array>;
}

function createReader(stream: ByteStream): Reader {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  return {
    async take(length) {
      const bytes = Buffer.alloc(length);
      for (let filled = 0; filled < length;) {
        if (rest.length === 0) {
          const { done, value } = await chunks.next();
          if (done === true) throw new OciError("OCI_SIZE_MISMATCH", "the patch ended early");
          rest = value;
        }
        const piece = rest.subarray(0, length - filled);
        bytes.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
      return withOwnMemory(bytes);
    },
  };
}

/** How many segments at the beginning are there, and right. */
async function countPresent({ segments }: PatchTable, bytes: ByteStream): Promise<number> {
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

interface Writing {
  readonly segments: readonly Segment[];
  readonly coded: Reader;
  readonly old: FileHandle;
  readonly path: string;
  readonly writer: BatchWriter;
  readonly target: TargetInfo;
}

/** One after the other: a second decoder would need as much memory again, and the next segment arrives meanwhile. */
async function writeSegments(
  { segments, coded, old, path, writer, target }: Writing,
  { signal, onProgress }: FetchTargetContext,
): Promise<void> {
  const window = Buffer.alloc(Math.max(0, ...segments.map(({ windowLength }) => windowLength)));
  for (const segment of segments) {
    signal?.throwIfAborted();
    const arrived = await coded.take(segment.codedLength);
    const { windowOffset, windowLength } = segment;
    const { bytesRead } = await fileCall(path, () => old.read(window, 0, windowLength, windowOffset));
    const decoded = await decodeSegment(segment, arrived, window.subarray(0, bytesRead));
    freeChunk(arrived);
    // It was decoded into memory of its own.
    await writer.write(withOwnMemory(decoded));
    const report = { step: "download", kind: "target", name: target.path, totalBytes: target.length } as const;
    onProgress?.({ ...report, bytes: segment.offset + segment.length });
  }
}
