/**
 * Files that may have chunks of a target: the one at the destination, those that were named, the one that was pulled last. They
 * are cut as the target was cut, or have a kept index. Each chunk is hashed once more when it is used, because a file may change.
 */
import type { FileHandle } from "node:fs/promises";
import { indexStream, type Chunk, type ChunkIndex } from "@dtuf/delta";
import { freeing } from "@dtuf/registry";
import { fileCall, FileError, openRegularFile, readRegularFile } from "@dtuf/registry/files";
import { createChunkFinder } from "./chunk-finder.ts";

/** A file to take chunks from. */
export interface SeedFile {
  readonly path: string;
  /** Its index, if it is kept and the file was not written since. */
  readonly index?: ChunkIndex | undefined;
}

export interface Seeds {
  has(chunk: Chunk): boolean;
  /** Reads a chunk that `has` knows. The bytes are not verified here, and may be fewer. */
  read(chunk: Chunk): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface SeedOptions {
  /** The average that the target was cut with. */
  readonly average: number;
  readonly signal?: AbortSignal | undefined;
}

/** Reads the files. One that cannot be read has no chunks. */
export async function openSeeds(files: readonly SeedFile[], options: SeedOptions): Promise<Seeds> {
  const found: Seed[] = [];
  for (const file of files) {
    const index = await findSeedIndex(file, options);
    if (index !== undefined) found.push({ path: file.path, find: createChunkFinder(index) });
  }
  const handles = new Map<string, FileHandle>();
  return {
    has: (chunk) => found.some(({ find }) => find(chunk) !== undefined),
    async read(chunk) {
      for (const { path, find } of found) {
        const place = find(chunk);
        if (place === undefined) continue;
        const handle = handles.get(path) ?? (await openRegularFile(path))?.file;
        if (handle === undefined) break;
        handles.set(path, handle);
        const bytes = Buffer.alloc(chunk.length);
        const { bytesRead } = await fileCall(path, () => handle.read(bytes, 0, bytes.length, place.offset));
        return bytes.subarray(0, bytesRead);
      }
      return new Uint8Array();
    },
    async close() {
      for (const handle of handles.values()) await handle.close();
    },
  };
}

interface Seed {
  readonly path: string;
  readonly find: (chunk: Chunk) => Chunk | undefined;
}

async function findSeedIndex({ path, index }: SeedFile, options: SeedOptions): Promise<ChunkIndex | undefined> {
  // What was cut with another average has no chunk in common.
  if (index?.average === options.average) return index;
  try {
    return await indexStream(freeing(readRegularFile(path, { signal: options.signal })), options);
  } catch (error) {
    if (!FileError.is(error)) throw error;
    return undefined;
  }
}
