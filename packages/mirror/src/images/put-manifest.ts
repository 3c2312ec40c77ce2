/** Puts a manifest. With "verify", what a registry has afterwards is read: the answer to a HEAD or a PUT is no proof. */
import type { Descriptor, TagName } from "@dtuf/registry";
import { isDamage, isVerified, notKept, type BlobTransfer, type Transfers } from "./transfers.ts";

export interface ManifestPut {
  readonly manifest: Descriptor;
  readonly bytes: Uint8Array;
  readonly tags: readonly TagName[];
  /** Whether the destination may have it already. With "verify" it is put only if it is missing or damaged. */
  readonly mayBeThere: boolean;
}

export interface ManifestDestination extends Pick<BlobTransfer, "to" | "present" | "tally"> {
  readonly transfers: Transfers;
  readonly signal?: AbortSignal | undefined;
}

/** @throws MirrorError MIRROR_NOT_KEPT; OciError OCI_DIGEST_MISMATCH if a registry has other bytes after the put */
export async function putManifest(at: ManifestDestination, put: ManifestPut): Promise<void> {
  const { manifest, bytes, tags, mayBeThere } = put;
  const { to, transfers, tally, signal } = at;
  const isRead = isVerified(at);
  if (isRead && mayBeThere && (await undefinedIfDamaged(isThere(at, put))) === true) return;
  await transfers.limiter(() => to.store.put(manifest, bytes, { tags, signal }));
  tally.manifests += 1;
  if (isRead && !(await isThere(at, put))) throw notKept("manifest", manifest.digest);
}

async function isThere({ to, transfers, signal }: ManifestDestination, put: ManifestPut): Promise<boolean> {
  const { digest } = put.manifest;
  const [name = digest] = put.tags;
  const found = await transfers.limiter(() => to.store.resolve(name, { want: "bytes", signal }));
  return found?.descriptor.digest === digest;
}

export async function undefinedIfDamaged<T>(reading: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}
