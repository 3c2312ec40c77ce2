/**
 * Fills a partial file from an older file and ranges of the target, chunk by chunk, in order: what is written is verified, so that
 * the ordinary download goes on behind it if anything fails.
 */
import { DeltaError, verifyChunk, type ChunkIndex } from "@dtuf/delta";
import { findTargetIndex } from "@dtuf/format";
import { OciError, type ByteStream } from "@dtuf/registry";
import { createBatchWriter, FileError, fileCall, findFileSize, openRegularFile } from "@dtuf/registry/files";
import type { FileHandle } from "node:fs/promises";
import type { FetchTargetContext } from "../fetch-part.ts";
import { findIndex } from "./find-index.ts";
import { openParts } from "../parts-ahead.ts";
import type { PartialFile } from "../partial-file.ts";
import { cutSeed, keyOf, planRuns, type Run, type SeedChunks } from "./seed.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";

export interface Filling {
  readonly target: TargetInfo;
  readonly partial: PartialFile;
  /** Path of the older file. */
  readonly seed: string;
}

/**
 * Does nothing if there is no older file, no index, no site that sends ranges, or too little in common. If a site or the older file
 * fails, what was written before stays.
 */
export async function fillFromSeed(site: Site, filling: Filling, context: FetchTargetContext): Promise<void> {
  try {
    await fill(site, filling, context);
  } catch (error) {
    if (context.signal?.aborted === true) throw error;
    if (!DeltaError.is(error) && !OciError.is(error) && !FileError.is(error)) throw error;
  }
}

async function fill(site: Site, filling: Filling, context: FetchTargetContext): Promise<void> {
  const { target, seed: path } = filling;
  if (site.openRange === undefined || findTargetIndex(target.file) === undefined) return;
  if ((await findFileSize(path)) === undefined) return;
  const index = await findIndex(target, context);
  if (index === undefined) return;
  const seed = await cutSeed(path, index.average, context);
  const runs = planRuns(index, seed);
  if (runs === undefined) return;
  const opened = await openRegularFile(path);
  if (opened === undefined) return;
  const over = new AbortController();
  const signal = context.signal === undefined ? over.signal : AbortSignal.any([context.signal, over.signal]);
  try {
    const fetched = await openRuns(site, { target, runs }, signal);
    if (fetched === undefined) return;
    await writeChunks(filling, { index, seed, file: opened.file, runs, fetched }, context);
  } finally {
    // A range that was not read to its end holds a connection.
    over.abort();
    await opened.file.close();
  }
}

interface Ranges {
  readonly target: TargetInfo;
  readonly runs: readonly Run[];
}

/** One range is asked for first: a registry or a cache that sends none would send the whole target for each. */
async function openRuns(site: Site, { target, runs }: Ranges, signal: AbortSignal): Promise<ByteStream | undefined> {
  const open = async ({ from, to }: Run, until: AbortSignal): Promise<ByteStream | undefined> =>
    site.openRange?.(target, { from, to }, { signal: until });
  const [first, ...rest] = runs;
  if (first === undefined) return nothing();
  const probe = await open(first, signal);
  if (probe === undefined) return undefined;
  const sized = rest.map((run) => ({ ...run, size: run.to - run.from }));
  return openParts(probe, sized, {
    signal,
    open: async (run, until) => {
      const stream = await open(run, until);
      if (stream === undefined) throw new OciError("OCI_UNSUPPORTED", "the registry sends no more ranges");
      return { from: 0, stream };
    },
  });
}

async function* nothing(): ByteStream {}

interface Sources {
  readonly index: ChunkIndex;
  readonly seed: SeedChunks;
  readonly file: FileHandle;
  readonly runs: readonly Run[];
  readonly fetched: ByteStream;
}

async function writeChunks({ target, partial }: Filling, sources: Sources, context: FetchTargetContext): Promise<void> {
  const { index, runs, fetched } = sources;
  const isFetched = new Set(runs.flatMap(({ first, last }) => numbers(first, last)));
  const sizes = [...isFetched].map((number) => index.chunk(number).length);
  const arriving = inPieces(fetched, sizes);
  const writer = createBatchWriter(partial.file, { path: partial.path, position: 0, expectedBytes: index.length });
  try {
    for (const number of numbers(0, index.count - 1)) {
      context.signal?.throwIfAborted();
      const pieces = isFetched.has(number) ? ((await arriving.next()).value ?? []) : await readSeed(sources, number);
      await writer.write(verifyChunk(pieces, index, number));
      const { offset, length } = index.chunk(number);
      const report = { step: "download", kind: "target", name: target.path, totalBytes: index.length } as const;
      context.onProgress?.({ ...report, bytes: offset + length });
    }
  } finally {
    await arriving.return();
    await writer.end();
  }
}

async function readSeed({ index, seed, file }: Sources, number: number): Promise<Uint8Array[]> {
  const chunk = index.chunk(number);
  const { offset = 0, length = 0 } = seed.get(keyOf(chunk)) ?? {};
  const { bytesRead, buffer } = await fileCall("the older file", () =>
    file.read(Buffer.alloc(length), 0, length, offset),
  );
  return [buffer.subarray(0, bytesRead)];
}

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** Cuts a stream into pieces of these sizes. */
async function* inPieces(stream: ByteStream, sizes: readonly number[]): AsyncGenerator<Uint8Array[], void> {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  async function next(maxBytes: number): Promise<Uint8Array> {
    if (rest.length === 0) {
      const { done, value } = await chunks.next();
      if (done === true) throw new OciError("OCI_SIZE_MISMATCH", "the ranges ended early");
      rest = value;
    }
    const piece = rest.subarray(0, maxBytes);
    rest = rest.subarray(piece.length);
    return piece;
  }
  try {
    for (const size of sizes) {
      const pieces: Uint8Array[] = [];
      for (let missing = size; missing > 0; missing -= pieces.at(-1)?.length ?? 0) pieces.push(await next(missing));
      yield pieces;
    }
  } finally {
    await chunks.return?.();
  }
}
