/**
 * Files that may have chunks of a target: the one at the destination, those that were named, the one that was pulled last. They
 * are cut as the target was cut, or have a kept index. Each chunk is hashed once more when it is used, because a file may change.
 */
import type { FileHandle } from "node:fs/promises";
import { indexStream, type Chunk, type ChunkIndex } from "@dtuf/delta";
import { freeing } from "@dtuf/registry";
import { fileCall, FileError, openRegularFile, readRegularFile } from "@dtuf/registry/files";

/** A file to take chunks from. */
export interface SeedFile {
  readonly path: string;
  /** Its index, if it is kept and the file was not written since. */
  readonly index?: ChunkIndex | undefined;
}

interface Place {
  readonly path: string;
  readonly offset: number;
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
  const places = new Map<string, Place>();
  for (const file of files) {
    for (const chunk of await findChunks(file, options)) {
      const key = keyOf(chunk);
      if (!places.has(key)) places.set(key, { path: file.path, offset: chunk.offset });
    }
  }
  const handles = new Map<string, FileHandle>();
  return {
    has: (chunk) => places.has(keyOf(chunk)),
    async read(chunk) {
      const place = places.get(keyOf(chunk));
      const handle = place && (handles.get(place.path) ?? (await openRegularFile(place.path))?.file);
      if (place === undefined || handle === undefined) return new Uint8Array();
      handles.set(place.path, handle);
      const bytes = Buffer.alloc(chunk.length);
      const { bytesRead } = await fileCall(place.path, () => handle.read(bytes, 0, bytes.length, place.offset));
      return bytes.subarray(0, bytesRead);
    },
    async close() {
      for (const handle of handles.values()) await handle.close();
    },
  };
}

async function findChunks({ path, index }: SeedFile, options: SeedOptions): Promise<readonly Chunk[]> {
  try {
    // What was cut with another average has no chunk in common.
    const kept = index?.average === options.average ? index : undefined;
    return chunksOf(kept ?? (await indexStream(freeing(readRegularFile(path, { signal: options.signal })), options)));
  } catch (error) {
    if (!FileError.is(error)) throw error;
    return [];
  }
}

function chunksOf(index: ChunkIndex | undefined): readonly Chunk[] {
  return Array.from({ length: index?.count ?? 0 }, (_, number) => index?.chunk(number)).filter(
    (chunk) => chunk !== undefined,
  );
}

/** By which equal chunks are found. */
function keyOf({ sha256, length }: Chunk): string {
  return `${Buffer.from(sha256).toString("base64")} ${length}`;
}
