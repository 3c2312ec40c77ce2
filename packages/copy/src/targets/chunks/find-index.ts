/** The signed chunk index of a target. A target without a usable one is verified as a whole, so no failure here is final. */
import { indexMaxBytes, parseChunkIndex, type ChunkIndex } from "@dtuf/delta";
import { findTargetIndex } from "@dtuf/format";
import { collect, verifyBytes } from "@dtuf/registry";
import type { FetchTargetContext } from "../fetch-part.ts";
import { isCallbackFault } from "../../callbacks.ts";
import { firstThatWorks } from "../../sources/first-that-works.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";

/** Returns undefined if the target has no index, or if no site has a usable one; an event says why. */
export async function findIndex(target: TargetInfo, context: FetchTargetContext): Promise<ChunkIndex | undefined> {
  const named = findTargetIndex(target.file);
  const sha256 = target.hashes.get("sha256");
  if (named === undefined || sha256 === undefined || named.size > indexMaxBytes) return undefined;
  const { sites, signal, onEvent, onIndex } = context;
  const read = async (site: Site): Promise<ChunkIndex | undefined> => {
    const stream = await site.openIndex?.(target, named, { signal });
    if (stream === undefined) return undefined;
    const bytes = verifyBytes(await collect(stream, named.size), named);
    const index = parseChunkIndex(bytes, { length: target.length, sha256 });
    onIndex?.(bytes);
    return index;
  };
  try {
    return await firstThatWorks(sites, read, { signal, isFinal: isCallbackFault });
  } catch (error) {
    if (signal?.aborted === true || isCallbackFault(error)) throw error;
    onEvent({ kind: "index-unused", path: target.path, error });
    return undefined;
  }
}
