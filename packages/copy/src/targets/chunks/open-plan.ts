/** Makes the plan of a target: what is there, what seeds have, and what is fetched. No byte of the target is fetched for it. */
import type { Chunk, ChunkIndex } from "@dtuf/delta";
import { findTargetIndex } from "@dtuf/format";
import type { ByteStream } from "@dtuf/registry";
import { findFileSize } from "@dtuf/registry/files";
import { rangesMax } from "../../limits.ts";
import type { FetchTargetContext } from "../fetch-part.ts";
import type { FanOut } from "./fan-out.ts";
import { findIndex } from "./find-index.ts";
import { isCheaper, planChunks, planRest, type ChunkPlan } from "./plan.ts";
import { readRange } from "../partial-file.ts";
import { findPresent, type PresentChunks } from "./present-chunks.ts";
import { openSeeds, type SeedFile, type Seeds } from "./seed.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";

export interface Wanted {
  readonly target: TargetInfo;
  readonly seeds: readonly SeedFile[];
  readonly held: HeldBytes;
  readonly fanOut: FanOut;
}

/** What an earlier download left. It may be wrong, and have gaps. */
export interface HeldBytes {
  readonly bytes: number;
  open(): ByteStream;
}

/** The first bytes of a partial file. */
export function heldBytes(path: string, bytes: number): HeldBytes {
  return { bytes, open: () => readRange(path, 0, bytes) };
}

/** The way by chunks. The caller closes `seeds`. */
export interface ChunkWay {
  readonly index: ChunkIndex;
  readonly seeds: Seeds;
  readonly present: PresentChunks;
  readonly plan: ChunkPlan;
}

/**
 * Returns undefined if there is no index or no site that sends ranges; if the target is not large enough for several requests at a
 * time, also if there is no seed, or if fetching the rest as a whole is cheaper.
 */
export async function openChunkWay(
  site: Site,
  { target, seeds: files, held, fanOut }: Wanted,
  context: FetchTargetContext,
): Promise<ChunkWay | undefined> {
  if (site.openRange === undefined || findTargetIndex(target.file) === undefined) return undefined;
  const isLarge = target.length >= fanOut.targetMinBytes;
  const sizes = await Promise.all(files.map(({ path }) => findFileSize(path)));
  if (!isLarge && !sizes.some((size) => size !== undefined && size > 0)) return undefined;
  const index = await findIndex(target, context);
  if (index === undefined) return undefined;
  const present = await findPresent(held.open(), index);
  const seeds = await openSeeds(files, { average: index.average, signal: context.signal });
  const parts = site.parts(target);
  const runBytes = Math.max(fanOut.runBytes, target.length / rangesMax);
  const cut = { runBytes, firstRunBytes: fanOut.probeBytes };
  const planned = (isInSeed: (chunk: Chunk) => boolean): ChunkPlan =>
    planChunks(index, { isPresent: (number) => present.has(number), isInSeed, parts, ...cut });
  const plan = planned((chunk) => seeds.has(chunk));
  if (isCheaper(plan, planRest(parts, held.bytes))) return { index, seeds, present, plan };
  if (isLarge) {
    const isMany = plan.ranges.length > rangesMax;
    return { index, seeds, present, plan: isMany ? planned(() => false) : plan };
  }
  await seeds.close();
  return undefined;
}
