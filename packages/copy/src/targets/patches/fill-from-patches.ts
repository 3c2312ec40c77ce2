/** Fills a partial file by signed patches: one, a chain of them, or a compressed copy. */
import { dirname } from "node:path";
import type { Digest } from "@dtuf/registry";
import type { FetchTargetContext } from "../fetch-part.ts";
import { verifyFreeSpace, type PartialFile } from "../partial-file.ts";
import { isFaultOfWay, type Way } from "../ways.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";
import { applyPatch, openScratch } from "./apply-patch.ts";
import { findRoute, type OlderFile, type Route } from "./find-route.ts";

export interface Patching {
  readonly target: TargetInfo;
  readonly partial: PartialFile;
  readonly seeds: readonly OlderFile[];
  /** Bytes of the partial file. They may be wrong. */
  readonly held: number;
  /** What another way costs, in bytes. */
  readonly most: number;
  /** Patches that failed; those that fail now are added. */
  readonly failed: Set<Digest>;
  readonly onWay: (way: Way) => void;
}

/** Tries the cheapest way first. "none": there is none that costs less than `most`. "failed": some failed now; events say why. */
export async function fillFromPatches(
  site: Site,
  patching: Patching,
  context: FetchTargetContext,
): Promise<"done" | "failed" | "none"> {
  const { target, seeds, most, failed, onWay } = patching;
  const { hashes, signal } = context;
  const before = failed.size;
  for (;;) {
    const route = await findRoute(site, { target, seeds, hashes, most, failed, signal });
    if (route === undefined) return failed.size > before ? "failed" : "none";
    try {
      onWay(route.way);
      await follow(site, { ...patching, route }, context);
      return "done";
    } catch (error) {
      if (!isFaultOfWay(error, context)) throw error;
      context.onEvent({ kind: "way-failed", path: target.path, way: route.way, error });
      for (const { blob } of route.steps) failed.add(blob.digest);
    }
  }
}

/** Contents between the steps are kept for the next call if this one is interrupted, and removed in any other case. */
async function follow(
  site: Site,
  { route, target, partial, held }: Patching & { readonly route: Route },
  { signal, onProgress }: FetchTargetContext,
): Promise<void> {
  const between: PartialFile[] = [];
  const report = { step: "download", kind: "target", name: target.path, totalBytes: target.length } as const;
  let from = route.path;
  try {
    for (const patch of route.steps) {
      const step = { target, patch, from, signal };
      if (patch.to === undefined) {
        const to = { length: target.length, sha256: target.hashes.get("sha256") ?? "" };
        const onWritten = (bytes: number): void => onProgress?.({ ...report, bytes });
        await applyPatch(site, { ...step, to, output: partial, held, onWritten });
        return;
      }
      await verifyFreeSpace(dirname(partial.path), patch.to.length + target.length - held);
      const output = await openScratch(partial, patch.to.sha256);
      between.push(output);
      await applyPatch(site, { ...step, to: patch.to, output, held: output.held, onWritten: () => undefined });
      from = output.path;
    }
  } finally {
    for (const file of between) await file.abort(signal?.aborted === true ? "keep" : "remove");
  }
}
