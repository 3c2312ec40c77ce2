/** What is in two archives, if the new one can be made again from it, byte for byte. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  createGzip,
  DeltaError,
  findGzipHeader,
  headerMaxBytes,
  indexStream,
  openGzip,
  type ArchiveRecipe,
  type ChunkIndex,
  type DeflateParameters,
} from "@dtuf/delta";
import { betweenMaxBytes } from "@dtuf/format";
import { fileContent, type ByteStream } from "@dtuf/registry";
import { archiveMaxBytes, archiveMostTimes } from "../limits.ts";
import type { Scratch } from "./scratch.ts";

export interface Archives {
  readonly old: string;
  /** Of the new one. */
  readonly length: number;
  /** Reads the new one from its beginning. */
  readonly open: () => ByteStream;
  readonly average: number;
  readonly scratch: Scratch;
  readonly signal: AbortSignal | undefined;
}

export interface OpenedArchives {
  readonly archive: ArchiveRecipe;
  /** Files of what is in them. */
  readonly old: string;
  readonly content: string;
  readonly indexes: { readonly old: ChunkIndex; readonly content: ChunkIndex };
}

/** npm's level first, then that of most other programs. */
const parameters: readonly DeflateParameters[] = [9, 6, 1, 2, 3, 4, 5, 7, 8].flatMap((level) => [
  { level, memLevel: 8 },
  { level, memLevel: 9 },
]);

/** Returns undefined if one of them is no archive or has more in it than a client takes, or if no parameters of zlib give the new one again. */
export async function openArchives(archives: Archives): Promise<OpenedArchives | undefined> {
  const { scratch, signal, average } = archives;
  const most = Math.min(archiveMaxBytes, betweenMaxBytes(archives.length));
  const header = findGzipHeader(await readBeginning(archives.open()));
  const oldHeader = findGzipHeader(await readBeginning(fileContent(archives.old).open(0)));
  if (header === undefined || oldHeader === undefined) return undefined;
  const [old, content] = [await scratch.path(), await scratch.path()];
  try {
    await unpack(archives.open(), content, { maxBytes: most, signal });
    const found = await findParameters(archives, { content, header });
    const index = found && (await indexStream(fileContent(content).open(0), { average, signal }));
    if (found === undefined || index === undefined) return undefined;
    const oldMost = Math.min(most, index.length * archiveMostTimes);
    await unpack(fileContent(archives.old).open(0), old, { maxBytes: oldMost, signal });
    const oldIndex = await indexStream(fileContent(old).open(0), { average, signal });
    if (oldIndex === undefined) return undefined;
    return { archive: { header, ...found }, old, content, indexes: { old: oldIndex, content: index } };
  } catch (error) {
    if (DeltaError.is(error)) return undefined;
    throw error;
  }
}

async function unpack(
  archive: ByteStream,
  path: string,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const to = createWriteStream(path, { mode: 0o600 });
  await pipeline(Readable.from(openGzip(archive, maxBytes)), to, { ...(signal && { signal }) });
}

async function findParameters(
  { open, signal }: Archives,
  { content, header }: { readonly content: string; readonly header: Uint8Array },
): Promise<DeflateParameters | undefined> {
  for (const tried of parameters) {
    signal?.throwIfAborted();
    const made = createGzip(fileContent(content).open(0), { ...tried, header });
    if (await isSame(made, open())) return tried;
  }
  return undefined;
}

/** Reads no further than to the first difference. */
async function isSame(one: ByteStream, other: ByteStream): Promise<boolean> {
  const chunks = other[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  async function take(length: number): Promise<Uint8Array> {
    for (let isOver = false; held.length < length && !isOver;) {
      const { done, value } = await chunks.next();
      isOver = done === true;
      if (value !== undefined) held = Buffer.concat([held, value]);
    }
    const taken = held.subarray(0, length);
    held = held.subarray(taken.length);
    return taken;
  }
  try {
    for await (const bytes of one) if (Buffer.compare(await take(bytes.length), bytes) !== 0) return false;
    return (await take(1)).length === 0;
  } finally {
    await chunks.return?.();
  }
}

async function readBeginning(stream: ByteStream): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of stream) {
    pieces.push(bytes);
    length += bytes.length;
    if (length >= headerMaxBytes) break;
  }
  return Buffer.concat(pieces).subarray(0, headerMaxBytes);
}
