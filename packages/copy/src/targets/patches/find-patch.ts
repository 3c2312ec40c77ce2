/** The signed patch of a target for which an older file is there. */
import { createHash } from "node:crypto";
import { tableMaxBytes } from "@dtuf/delta";
import { findTargetPatches, type TargetPatch } from "@dtuf/format";
import { freeing } from "@dtuf/registry";
import { FileError, findFileSize, readRegularFile } from "@dtuf/registry/files";
import { requestCostBytes } from "../../limits.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";

/** A patch, and the file that it applies to. */
export interface FoundPatch {
  readonly patch: TargetPatch;
  readonly path: string;
}

export interface OlderFile {
  readonly path: string;
  /** Its kept index, whose SHA-256 need not be computed. */
  readonly index?: { readonly sha256: string } | undefined;
}

export interface PatchSearch {
  readonly target: TargetInfo;
  readonly seeds: readonly OlderFile[];
  /** What another way costs, in bytes. */
  readonly most: number;
  readonly signal?: AbortSignal | undefined;
}

/** Returns the smallest one; undefined if another way costs less, if no file is one that a patch applies to, or if the site sends no ranges. */
export async function findPatch(
  site: Site,
  { target, seeds, most, signal }: PatchSearch,
): Promise<FoundPatch | undefined> {
  const patches = findTargetPatches(target.file)
    .filter(({ blob, table }) => table.size <= tableMaxBytes && blob.size + requestCostBytes < most)
    .toSorted((a, b) => a.blob.size - b.blob.size);
  if (site.openRange === undefined || patches.length === 0) return undefined;
  const files = new Map<string, string>();
  for (const { path, index } of seeds) {
    const sha256 = index?.sha256 ?? (await hashFile(path, signal));
    if (sha256 !== undefined) files.set(sha256, path);
  }
  for (const patch of patches) {
    const path = files.get(patch.from);
    if (path !== undefined) return { patch, path };
  }
  return undefined;
}

/** Returns undefined for a file that is missing or cannot be read. */
async function hashFile(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    if ((await findFileSize(path)) === undefined) return undefined;
    for await (const bytes of freeing(readRegularFile(path, { signal }))) hash.update(bytes);
    return hash.digest("hex");
  } catch (error) {
    if (FileError.is(error)) return undefined;
    throw error;
  }
}
