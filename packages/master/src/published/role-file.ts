import { blobDigest, metadataMediaType } from "@dtuf/format";
import { collect } from "@dtuf/registry";
import { defaultLimits, type MetaFile } from "@dtuf/tuf";
import type { Operation } from "../state/operation.ts";

/** A delegated role's file, by the digest in the signed snapshot. Returns undefined if it is not in the registry. */
export async function readRoleFile(
  { store, signal }: Operation,
  { length, hashes }: MetaFile,
): Promise<Uint8Array | undefined> {
  if (hashes?.has("sha256") !== true || length === undefined || length > defaultLimits.targetsMaxBytes)
    return undefined;
  const blob = { mediaType: metadataMediaType, digest: blobDigest(hashes), size: length };
  const stream = await store.open(blob, { signal });
  return stream === undefined ? undefined : collect(stream, length);
}
