/** Makes the plan of a target: what is there, what seeds have, and what is fetched. No byte of the target is fetched for it. */
import type { ChunkIndex } from "@dtuf/delta";
import { findTargetIndex } from "@dtuf/format";
import type { ByteStream } from "@dtuf/registry";
import { findFileSize } from "@dtuf/registry/files";
import type { FetchTargetContext } from "../fetch-part.ts";
import { findIndex } from "./find-index.ts";
import { isCheaper, planChunks, planRest, type ChunkPlan } from "./plan.ts";
import { openSeeds, type SeedFile, type Seeds } from "./seed.ts";
import { findVerified, type VerifiedBeginning } from "./verified-beginning.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";

export interface Wanted {
  readonly target: TargetInfo;
  readonly seeds: readonly SeedFile[];
  readonly held: HeldBytes;
}

/** What an earlier download left. It may be wrong. */
export interface HeldBytes {
  readonly bytes: number;
  open(): ByteStream;
}

/** The way by chunks. The caller closes `seeds`. */
export interface ChunkWay {
  readonly index: ChunkIndex;
  readonly seeds: Seeds;
  readonly present: VerifiedBeginning;
  readonly plan: ChunkPlan;
}

/** Returns undefined if there is no seed, no index, no site that sends ranges, or if fetching the rest as a whole is cheaper. */
export async function openChunkWay(
  site: Site,
  { target, seeds: files, held }: Wanted,
  context: FetchTargetContext,
): Promise<ChunkWay | undefined> {
  if (site.openRange === undefined || findTargetIndex(target.file) === undefined) return undefined;
  const sizes = await Promise.all(files.map(({ path }) => findFileSize(path)));
  if (!sizes.some((size) => size !== undefined && size > 0)) return undefined;
  const index = await findIndex(target, context);
  if (index === undefined) return undefined;
  const present = await findVerified(held.open(), index);
  const seeds = await openSeeds(files, { average: index.average, signal: context.signal });
  const parts = site.parts(target);
  const plan = planChunks(index, { present: present.chunks, isInSeed: (chunk) => seeds.has(chunk), parts });
  if (isCheaper(plan, planRest(parts, held.bytes))) return { index, seeds, present, plan };
  await seeds.close();
  return undefined;
}
