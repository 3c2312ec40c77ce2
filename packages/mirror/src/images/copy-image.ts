/**
 * Copies one image (a manifest, or an index with all or some of what is below it) from one store to another. Every digest
 * stays what it is. Content goes first, the manifest that names it afterwards, the tag with the last one: whoever reads at
 * the destination sees the old image or the new one, whole. What is there already is not sent; nothing but manifests is
 * ever whole in memory.
 */
import type { Descriptor, Resolved } from "@dtuf/registry";
import { copyReferrers, type LeftBehind } from "./copy-referrers.ts";
import { MirrorError } from "../errors.ts";
import { createTree, fetchManifest, type ImageCopy } from "./manifest-tree.ts";
import { chosenBelow } from "./platform.ts";
import type { Located } from "./transfers.ts";

export interface CopiedImage {
  readonly status: "copied" | "unchanged";
  /** Of the manifest that the destination's tag names now. */
  readonly descriptor: Descriptor;
  /** Undefined: referrers were not carried, and nobody looked. */
  readonly leftBehind: readonly LeftBehind[] | undefined;
}

/**
 * @throws MirrorError MIRROR_IMAGE_MISSING, MIRROR_CONTENT_MISSING, MIRROR_PLATFORM_MISSING, MIRROR_UNSUPPORTED; what the
 *   stores throw
 */
export async function copyImageBetween(copy: ImageCopy): Promise<CopiedImage> {
  const compared = await compareImage(copy);
  const { root, selected } = compared;
  if (compared.status === "unchanged" && copy.to.distance === "remote" && copy.present === "trust") {
    const leftBehind = await copyReferrers(copy, [root.digest]);
    return { status: "unchanged", descriptor: root, leftBehind };
  }
  const tree = createTree(copy);
  await tree.copyBelow(root, await tree.bytesOf(root, compared.bytes), { depth: 0, only: selected });
  const isNew = compared.status !== "unchanged";
  // Where it is cheap, also what is there is put: a run that was killed may have left something to tidy up.
  if (isNew || copy.to.distance === "local") {
    await tree.put(root, await tree.bytesOf(root, compared.bytes), copy.tag === undefined ? [] : [copy.tag]);
  }
  const leftBehind = await copyReferrers(copy, tree.copied());
  const { sentBlobs, mountedBlobs } = copy.tally;
  return { status: isNew || sentBlobs + mountedBlobs > 0 ? "copied" : "unchanged", descriptor: root, leftBehind };
}

export interface ComparedImage {
  readonly status: "absent" | "differs" | "unchanged";
  readonly root: Descriptor;
  /** Where they were brought along. */
  readonly bytes: Uint8Array | undefined;
  /** Of an index: the entries to copy; undefined: all. */
  readonly selected: readonly Descriptor[] | undefined;
}

/** What copying would do. One HEAD on each side where both know the same image. @throws as `copyImageBetween` */
export async function compareImage(copy: ImageCopy): Promise<ComparedImage> {
  const { from, to, signal } = copy;
  // Not in the queue of transfers: to look is quick, and there are no more looks than images at once.
  const there = await findAtDestination(to, copy);
  const want = there === undefined ? "bytes" : "digest";
  const found = await from.store.resolve(copy.expected ?? copy.reference, { want, signal });
  if (found === undefined) throw imageMissing(copy);
  const { root, selected, bytes } = await choose(copy, found, there);
  const status = there === undefined ? "absent" : there.descriptor.digest === root.digest ? "unchanged" : "differs";
  return { status, root, selected, bytes };
}

function findAtDestination(to: Located, copy: ImageCopy): Promise<Resolved | undefined> {
  const name = copy.tag ?? copy.expected ?? copy.reference;
  return to.store.resolve(name, { want: "digest", signal: copy.signal });
}

function imageMissing({ name }: ImageCopy): MirrorError {
  return new MirrorError("MIRROR_IMAGE_MISSING", `${name} is not there`, { details: { image: name } });
}

type Chosen = Pick<ComparedImage, "root" | "selected" | "bytes">;

/** A single platform stands for its index. Nothing more is asked where the whole is there already. */
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
