/** The cheapest way to a target by its signed patches: from an older file that is there, or by its compressed copy from nothing. */
import { tableMaxBytes } from "@dtuf/delta";
import { betweenMaxBytes, emptySha256, findPatchChains, findTargetPatches, type TargetPatch } from "@dtuf/format";
import type { Digest } from "@dtuf/registry";
import { costOf, type Fetching } from "../ways.ts";
import type { FileHashes } from "../../state/file-hashes.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";

/** Patches that are applied one after the other. */
export interface Route extends Fetching {
  readonly steps: readonly TargetPatch[];
  /** The older file; undefined for a compressed copy. */
  readonly path: string | undefined;
  readonly way: "patch" | "compressed";
}

export interface OlderFile {
  readonly path: string;
  /** Its kept index, whose SHA-256 need not be computed. */
  readonly index?: { readonly sha256: string } | undefined;
}

export interface RouteSearch {
  readonly target: TargetInfo;
  readonly seeds: readonly OlderFile[];
  readonly hashes: FileHashes;
  /** What another way costs, in bytes. */
  readonly most: number;
  /** Patches that failed. */
  readonly failed?: ReadonlySet<Digest> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Returns undefined if another way costs less, if no file is one that a patch applies to, or if the site sends no ranges. */
export async function findRoute(
  site: Site,
  { target, seeds, hashes, most, failed, signal }: RouteSearch,
): Promise<Route | undefined> {
  const patches = findTargetPatches(target.file).filter(
    (patch) =>
      patch.table.size <= tableMaxBytes &&
      (patch.to?.length ?? 0) <= betweenMaxBytes(target.length) &&
      costOf(costsOf([patch])) < most &&
      failed?.has(patch.blob.digest) !== true,
  );
  if (site.openRange === undefined || patches.length === 0) return undefined;
  const found = chainsOf(patches, { sha256: emptySha256, path: undefined });
  // Files are hashed only if a patch is from a file.
  if (patches.some(({ from }) => from !== emptySha256))
    for (const { path, index } of seeds) {
      const sha256 = index?.sha256 ?? (await hashes.find(path, signal));
      if (sha256 !== undefined) found.push(...chainsOf(patches, { sha256, path }));
    }
  const [cheapest] = found.toSorted((a, b) => costOf(a) - costOf(b));
  return cheapest !== undefined && costOf(cheapest) < most ? cheapest : undefined;
}

function chainsOf(
  patches: readonly TargetPatch[],
  { sha256, path }: { readonly sha256: string; readonly path: string | undefined },
): Route[] {
  const way = path === undefined ? "compressed" : "patch";
  return findPatchChains(patches, sha256).map((steps) => ({ steps, path, way, ...costsOf(steps) }));
}

function costsOf(steps: readonly TargetPatch[]): Fetching {
  return { fetchedBytes: steps.reduce((sum, { blob }) => sum + blob.size, 0), requests: steps.length };
}
