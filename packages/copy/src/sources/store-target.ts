/** Targets in an OCI repository: plain blobs, found by their signed digests. */
import { findTargetBlobs, rolePartTag, roleTag, targetTag } from "@dtuf/format";
import { hasCapability, mediaTypes, type Descriptor, type ReadStore, type TagName } from "@dtuf/registry";
import type { TargetFile } from "@dtuf/tuf";
import type { PartOptions, PartStream, TargetInfo, TargetPiece } from "./source.ts";
import { wholeTarget } from "./whole-target.ts";

/** @throws FormatError FORMAT_TARGET_BLOBS_INVALID */
export function storeParts(file: TargetFile): readonly TargetPiece[] {
  return findTargetBlobs(file) ?? wholeTarget(file);
}

export interface StorePart {
  readonly target: TargetInfo;
  readonly part: TargetPiece;
}

export async function openStorePart(
  store: ReadStore,
  { target, part }: StorePart,
  options: PartOptions,
): Promise<PartStream | undefined> {
  const descriptor = { mediaType: mediaTypes.octetStream, digest: part.digest, size: part.size };
  const found = await openOnce(store, descriptor, options);
  if (found !== undefined) return found;
  // A pull-through cache imports by tag: requesting the manifest that owns the blob may make the cache fetch the blob.
  for (const tag of owningTags(target)) {
    const owner = await store.resolve(tag, { want: "bytes", signal: options.signal });
    const again = owner === undefined ? undefined : await openOnce(store, descriptor, options);
    if (again !== undefined) return again;
  }
  return undefined;
}

async function openOnce(
  store: ReadStore,
  descriptor: Descriptor,
  { prefix, signal }: PartOptions,
): Promise<PartStream | undefined> {
  if (prefix !== undefined && hasCapability(store, "openRest")) {
    const stream = await store.openRest(descriptor, prefix.open(), { signal });
    return stream === undefined ? undefined : { from: prefix.bytes, stream };
  }
  const stream = await store.open(descriptor, { signal });
  return stream === undefined ? undefined : { from: 0, stream };
}

/**
 * Tags of the manifests that may own the blobs: the target's own, and its role's. If the role has several parts, the
 * first.
 */
function owningTags({ path, hashes, role, roleVersion }: TargetInfo): readonly TagName[] {
  const sha256 = hashes.get("sha256");
  const own = sha256 === undefined ? [] : [targetTag(sha256, path)];
  return [...own, roleTag(role, roleVersion), rolePartTag(role, roleVersion, 1)];
}
