/** The older version that a patch is made from: a file, what is published, or what an earlier release has. */
import { findTargetBlobs } from "@dtuf/format";
import { digestHex, type Digest } from "@dtuf/registry";
import { createAtomicFile } from "@dtuf/registry/files";
import type { TargetFile, TargetPath } from "@dtuf/tuf";
import { olderMostTimes } from "../limits.ts";
import { findOlderTarget } from "../published/older-target.ts";
import type { Operation } from "../state/operation.ts";
import type { IndexOptions } from "../contract/targets.ts";
import type { Blob } from "./read-part.ts";
import type { Scratch } from "./scratch.ts";

export interface PatchedTarget extends Pick<IndexOptions, "patchFrom" | "patchMaxBytes" | "compress" | "chunkBytes"> {
  readonly path: TargetPath;
  /** The published target of the same name. */
  readonly replaced: TargetFile | undefined;
  readonly blobs: readonly Blob[];
  readonly digest: Digest;
  readonly length: number;
  readonly scratch: Scratch;
}

export interface OlderVersion {
  readonly path: string;
  /** Undefined if it is a file that was named. */
  readonly file?: TargetFile | undefined;
}

/** Returns undefined if there is none, if it is the same content, too large, or not in the registry any more. */
export async function openOlder(operation: Operation, target: PatchedTarget): Promise<OlderVersion | undefined> {
  const { patchFrom, replaced, digest, length, scratch, patchMaxBytes = Infinity } = target;
  if (patchFrom === undefined || length > patchMaxBytes) return undefined;
  if (typeof patchFrom === "object" && "path" in patchFrom) return { path: patchFrom.path };
  const file = patchFrom === "published" ? replaced : await findOlderTarget(operation, patchFrom.release, target.path);
  if (file === undefined || file.length === 0 || file.hashes.get("sha256") === digestHex(digest)) return undefined;
  // What a release says is not verified here: it must not fill the disk.
  if (file.length > Math.min(patchMaxBytes, length * olderMostTimes)) return undefined;
  const path = await scratch.path();
  return (await download(operation, file, path)) ? { path, file } : undefined;
}

/** False if the registry does not have it any more. */
async function download({ store, signal }: Operation, file: TargetFile, path: string): Promise<boolean> {
  const to = await createAtomicFile(path, { directorySync: "later" });
  try {
    for (const blob of findTargetBlobs(file) ?? []) {
      const stream = await store.open(blob, { signal });
      if (stream === undefined) {
        await to.abort();
        return false;
      }
      for await (const chunk of stream) await to.write(chunk);
    }
    await to.commit();
    return true;
  } catch (error) {
    await to.abort();
    throw error;
  }
}
