/**
 * Copies one image (a manifest, or an index with all or some of the manifests below it) from one store to another. Digests
 * do not change. Content is written first, then the manifest that names it, and the tag with the last manifest, so a reader
 * at the destination sees the complete old image or the complete new one. Content that is there is not sent. Only manifests
 * are held in memory as a whole.
 */
import type { Descriptor, Resolved } from "@dtuf/registry";
import { copyReferrers, type LeftBehind } from "./copy-referrers.ts";
import { MirrorError } from "../errors.ts";
import { createTree, fetchManifest, type ImageCopy } from "./manifest-tree.ts";
import { chosenBelow } from "./platform.ts";
import { undefinedIfDamaged } from "./put-manifest.ts";
import type { Located } from "./transfers.ts";

export interface CopiedImage {
  readonly status: "copied" | "unchanged";
  /** The manifest that the destination's tag names after the copy. */
  readonly descriptor: Descriptor;
  /** Undefined if referrers were not copied, so that they were not checked. */
  readonly leftBehind: readonly LeftBehind[] | undefined;
}

/**
 * @throws MirrorError MIRROR_IMAGE_MISSING, MIRROR_CONTENT_MISSING, MIRROR_PLATFORM_MISSING, MIRROR_UNSUPPORTED; errors
 *   of the stores
 */
export async function copyImageBetween(copy: ImageCopy): Promise<CopiedImage> {
  const compared = await compareImage(copy);
  const { root } = compared;
  if (compared.status === "unchanged" && copy.to.distance === "remote" && copy.present === "trust") {
    const leftBehind = await copyReferrers(copy, [root.digest]);
    return { status: "unchanged", descriptor: root, leftBehind };
  }
  const { exclusively } = copy.to;
  if (exclusively === undefined) return copyCompared(copy, compared);
  return exclusively(async () => {
    // Another copy may have been written before this one's turn came.
    const status = statusOf(root, await findAtDestination(copy.to, copy));
    return copyCompared(copy, { ...compared, status });
  }, copy.signal);
}

async function copyCompared(copy: ImageCopy, compared: ComparedImage): Promise<CopiedImage> {
  const { root, selected } = compared;
  const tree = createTree(copy);
  const bytes = await tree.bytesOf(root, compared.bytes);
  await tree.copyBelow(root, bytes, { depth: 0, only: selected });
  const isNew = compared.status !== "unchanged";
  // A local image is put even if it exists, because a killed run may have left files to remove.
  await tree.put({ manifest: root, bytes, tags: copy.tag === undefined ? [] : [copy.tag], mayBeThere: !isNew });
  const leftBehind = await copyReferrers(copy, tree.copied());
  const { sentBlobs, mountedBlobs, manifests } = copy.tally;
  const changes = sentBlobs + mountedBlobs + (copy.to.distance === "local" ? 0 : manifests);
  return { status: isNew || changes > 0 ? "copied" : "unchanged", descriptor: root, leftBehind };
}

export interface ComparedImage {
  readonly status: "absent" | "differs" | "unchanged";
  readonly root: Descriptor;
  /** The bytes of the root, if the store returned them. */
  readonly bytes: Uint8Array | undefined;
  /** The entries of an index to copy. Undefined: all. */
  readonly selected: readonly Descriptor[] | undefined;
}

/**
 * Compares the image with the destination. One HEAD on each side if both have the same image.
 * @throws as `copyImageBetween`
 */
export async function compareImage(copy: ImageCopy): Promise<ComparedImage> {
  const { from, to, signal } = copy;
  // Not limited like transfers, because the check is quick and the number of concurrent images is limited.
  const there = await findAtDestination(to, copy);
  const want = there === undefined ? "bytes" : "digest";
  const found = await from.store.resolve(copy.expected ?? copy.reference, { want, signal });
  if (found === undefined) throw imageMissing(copy);
  const { root, selected, bytes } = await choose(copy, found, there);
  return { status: statusOf(root, there), root, selected, bytes };
}

function statusOf(root: Descriptor, there: Resolved | undefined): ComparedImage["status"] {
  if (there === undefined) return "absent";
  return there.descriptor.digest === root.digest ? "unchanged" : "differs";
}

/** With "verify", a damaged manifest counts as absent and is replaced. */
function findAtDestination(to: Located, copy: ImageCopy): Promise<Resolved | undefined> {
  const name = copy.tag ?? copy.expected ?? copy.reference;
  const resolving = to.store.resolve(name, { want: "digest", signal: copy.signal });
  return copy.present === "verify" ? undefinedIfDamaged(resolving) : resolving;
}

function imageMissing({ name }: ImageCopy): MirrorError {
  return new MirrorError("MIRROR_IMAGE_MISSING", `${name} does not exist`, { details: { image: name } });
}

type Chosen = Pick<ComparedImage, "root" | "selected" | "bytes">;

/**
 * Chooses what to copy. A single platform replaces its index. Makes no further request if the whole index is at the
 * destination.
 */
async function choose(copy: ImageCopy, { descriptor, bytes }: Resolved, there: Resolved | undefined): Promise<Chosen> {
  const whole = { root: descriptor, bytes, selected: undefined };
  const isIndex = /\bindex\b|manifest\.list/.test(descriptor.mediaType);
  if (copy.platforms === "all" || !isIndex) return whole;
  const several = copy.platforms.length > 1;
  if (several && there?.descriptor.digest === descriptor.digest && copy.to.distance === "remote") return whole;
  const body = bytes ?? (await fetchManifest(copy, descriptor));
  const chosen = chosenBelow(body, copy.platforms);
  if (chosen === undefined) return { ...whole, bytes: body };
  if ("digest" in chosen) return { root: chosen, bytes: undefined, selected: undefined };
  return { root: descriptor, bytes: body, selected: chosen };
}
