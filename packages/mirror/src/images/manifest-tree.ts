/** A manifest with all that is below it, on its way to the destination: content before the manifest that names it. */
import { parseManifest, settleAll, type Descriptor, type Digest, type TagName, type WriteStore } from "@dtuf/registry";
import { MirrorError } from "../errors.ts";
import { manifestDepthMax, manifestsMax } from "../limits.ts";
import type { PlatformChoice } from "./platform.ts";
import { referencesOf } from "./references.ts";
import { contentMissing, type Located, type PresentContent, type Tally, type Transfers } from "./transfers.ts";

export interface ImageCopy {
  readonly from: Located;
  readonly to: Located<WriteStore>;
  /** For people: which image of the source. */
  readonly name: string;
  readonly reference: TagName | Digest;
  /** What the reference must turn out to be. */
  readonly expected?: Digest | undefined;
  /** The name at the destination; undefined: by digest only. */
  readonly tag: TagName | undefined;
  readonly platforms: PlatformChoice;
  /** "carry": signatures, attestations and whatever else refers to the image come along. */
  readonly referrers: "carry" | "carry-unsigned" | "leave";
  readonly present: PresentContent;
  readonly transfers: Transfers;
  /** Of this image alone. */
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
  /** Everything that the manifest names, and not the manifest itself. */
  copyBelow(manifest: Descriptor, bytes: Uint8Array, below: Below): Promise<void>;
  put(manifest: Descriptor, bytes: Uint8Array, tags: readonly TagName[]): Promise<void>;
  /** The manifests that were gone through, the given ones included. */
  copied(): readonly Digest[];
}

/** @throws MirrorError MIRROR_CONTENT_MISSING, MIRROR_UNSUPPORTED (nested too deep); what the stores throw */
export function createTree(
  copy: Pick<ImageCopy, "from" | "to" | "present" | "transfers" | "tally" | "signal">,
): ManifestTree {
  const { from, to, present, transfers, tally, signal } = copy;
  const walked = new Set<Digest>();

  async function put(manifest: Descriptor, bytes: Uint8Array, tags: readonly TagName[]): Promise<void> {
    await transfers.limiter(() => to.store.put(manifest, bytes, { tags, signal }));
    tally.manifests += 1;
  }

  async function copyChild(child: Descriptor, depth: number): Promise<void> {
    if (walked.has(child.digest)) return;
    // A registry has taken a manifest only together with what it names.
    const isTrusted = present === "trust" && to.distance === "remote";
    if (isTrusted && (await transfers.limiter(() => to.store.has(child, { signal }))))
      return void walked.add(child.digest);
    const bytes = await bytesOf(child);
    await copyBelow(child, bytes, { depth });
    const isThere = present === "trust" && to.distance === "local" && (await to.store.has(child, { signal }));
    if (!isThere) await put(child, bytes, []);
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
    const near =
      to.distance === "local" ? await to.store.resolve(manifest.digest, { want: "bytes", signal }) : undefined;
    return near?.bytes ?? fetchManifest({ from, transfers, signal }, manifest);
  }

  return { bytesOf, copyBelow, put, copied: () => [...walked] };
}

function tooMany({ digest }: Descriptor): MirrorError {
  return new MirrorError("MIRROR_UNSUPPORTED", `more than ${manifestDepthMax} levels or ${manifestsMax} manifests`, {
    details: { digest },
  });
}
