/** Copies a manifest with everything below it: content before the manifest that names it. */
import { parseManifest, settleAll, type Descriptor, type Digest, type TagName, type WriteStore } from "@dtuf/registry";
import { MirrorError } from "../errors.ts";
import { manifestDepthMax, manifestsMax } from "../limits.ts";
import { putManifest, undefinedIfDamaged, type ManifestPut } from "./put-manifest.ts";
import type { PlatformChoice } from "./platform.ts";
import { referencesOf } from "./references.ts";
import { contentMissing, type Located, type PresentContent, type Tally, type Transfers } from "./transfers.ts";

export interface ImageCopy {
  readonly from: Located;
  readonly to: Located<WriteStore>;
  /** Name of the source image, for display. */
  readonly name: string;
  readonly reference: TagName | Digest;
  /** Digest that the image must have. */
  readonly expected?: Digest | undefined;
  /** The tag at the destination. Undefined: only by digest. */
  readonly tag: TagName | undefined;
  readonly platforms: PlatformChoice;
  /** "carry": also copies signatures, attestations and all other referrers. "carry-unsigned": all but signatures. */
  readonly referrers: "carry" | "carry-unsigned" | "leave";
  readonly present: PresentContent;
  readonly transfers: Transfers;
  /** Counts of this image only. */
  readonly tally: Tally;
  readonly signal?: AbortSignal | undefined;
}

export async function fetchManifest(
  { from, transfers, signal }: Pick<ImageCopy, "from" | "transfers" | "signal">,
  { digest }: Descriptor,
): Promise<Uint8Array> {
  const found = await transfers.limiter(() => from.store.resolve(digest, { want: "bytes", signal }));
  if (found?.bytes === undefined) throw contentMissing("manifest", digest);
  return found.bytes;
}

interface Below {
  readonly depth: number;
  readonly only?: readonly Descriptor[] | undefined;
}

export interface ManifestTree {
  bytesOf(manifest: Descriptor, known?: Uint8Array): Promise<Uint8Array>;
  /** Copies everything that the manifest names, but not the manifest itself. */
  copyBelow(manifest: Descriptor, bytes: Uint8Array, below: Below): Promise<void>;
  put(put: ManifestPut): Promise<void>;
  /** Digests of all copied manifests, including the given ones. */
  copied(): readonly Digest[];
}

/** @throws MirrorError MIRROR_CONTENT_MISSING, MIRROR_NOT_KEPT, MIRROR_UNSUPPORTED (nested too deep); errors of the stores */
export function createTree(
  copy: Pick<ImageCopy, "from" | "to" | "present" | "transfers" | "tally" | "signal">,
): ManifestTree {
  const { from, to, present, transfers, tally, signal } = copy;
  const walked = new Set<Digest>();

  async function copyChild(child: Descriptor, depth: number): Promise<void> {
    if (walked.has(child.digest)) return;
    // A registry accepts a manifest only if it has the content that the manifest names.
    const isTrusted = present === "trust" && to.distance === "remote";
    if (isTrusted && (await transfers.limiter(() => to.store.has(child, { signal }))))
      return void walked.add(child.digest);
    const bytes = await bytesOf(child);
    await copyBelow(child, bytes, { depth });
    const isTrustedFile = present === "trust" && to.distance === "local" && (await to.store.has(child, { signal }));
    if (!isTrustedFile) await putManifest(copy, { manifest: child, bytes, tags: [], mayBeThere: true });
  }

  async function copyBelow(manifest: Descriptor, bytes: Uint8Array, { depth, only }: Below): Promise<void> {
    walked.add(manifest.digest);
    if (depth > manifestDepthMax || walked.size > manifestsMax) throw tooMany(manifest);
    const { manifests, blobs } = referencesOf(parseManifest(bytes, manifest.mediaType));
    const wanted = only ?? manifests;
    await settleAll([
      ...blobs.map((blob) => transfers.transfer({ from, to, blob, tally, present, signal })),
      ...wanted.map((child) => copyChild(child, depth + 1)),
    ]);
  }

  async function bytesOf(manifest: Descriptor, known?: Uint8Array): Promise<Uint8Array> {
    if (known !== undefined) return known;
    const resolving =
      to.distance === "local" ? to.store.resolve(manifest.digest, { want: "bytes", signal }) : undefined;
    const near = present === "verify" ? await undefinedIfDamaged(resolving) : await resolving;
    return near?.bytes ?? fetchManifest({ from, transfers, signal }, manifest);
  }

  return { bytesOf, copyBelow, put: (each) => putManifest(copy, each), copied: () => [...walked] };
}

function tooMany({ digest }: Descriptor): MirrorError {
  return new MirrorError("MIRROR_UNSUPPORTED", `more than ${manifestDepthMax} levels or ${manifestsMax} manifests`, {
    details: { digest },
  });
}
