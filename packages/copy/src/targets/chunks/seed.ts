/**
 * What an older file has in common with a target. Its chunks are found by cutting it as the target was cut; each is hashed
 * once more when it is used, because the file may change meanwhile.
 */
import { createHash } from "node:crypto";
import { createIndexMaker, parseChunkIndex, type Chunk, type ChunkIndex } from "@dtuf/delta";
import { readRegularFile } from "@dtuf/registry/files";
import { bridgedMaxBytes, fetchedMostShare, rangesMax } from "../../limits.ts";

/** Where the older file has a chunk, by the chunk's SHA-256. */
export type SeedChunks = ReadonlyMap<string, Chunk>;

/** @throws FileError */
export async function cutSeed(
  path: string,
  average: number,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<SeedChunks> {
  const maker = createIndexMaker({ average, hashedBy: "caller" });
  const whole = createHash("sha256");
  let length = 0;
  for await (const bytes of readRegularFile(path, { signal })) {
    maker.update(bytes);
    whole.update(bytes);
    length += bytes.length;
  }
  const sha256 = whole.digest("hex");
  const bytes = maker.finish(sha256);
  const index = bytes && parseChunkIndex(bytes, { length, sha256 });
  return new Map(chunksOf(index).map((chunk) => [keyOf(chunk), chunk]));
}

function chunksOf(index: ChunkIndex | undefined): readonly Chunk[] {
  return Array.from({ length: index?.count ?? 0 }, (_, number) => index?.chunk(number)).filter(
    (chunk) => chunk !== undefined,
  );
}

/** By which equal chunks are found. */
export function keyOf({ sha256 }: Chunk): string {
  return Buffer.from(sha256).toString("hex");
}

/** Chunks that are fetched by one request. */
export interface Run {
  readonly first: number;
  last: number;
  readonly from: number;
  to: number;
}

/** Returns undefined if fetching the whole target is cheaper than its missing chunks. */
export function planRuns(index: ChunkIndex, seed: SeedChunks): readonly Run[] | undefined {
  const runs: Run[] = [];
  for (let number = 0; number < index.count; number += 1) {
    const chunk = index.chunk(number);
    if (seed.has(keyOf(chunk))) continue;
    const { offset: from, length } = chunk;
    const before = runs.at(-1);
    if (before !== undefined && from - before.to <= bridgedMaxBytes) {
      before.to = from + length;
      before.last = number;
    } else runs.push({ first: number, last: number, from, to: from + length });
  }
  const fetched = runs.reduce((sum, { from, to }) => sum + to - from, 0);
  return runs.length > rangesMax || fetched > index.length * fetchedMostShare ? undefined : runs;
}
