/** Changes of a layout. A put writes the content before the index; a deletion changes the index before it deletes the content. */
import type { Content } from "../content.ts";
import { fileContent } from "../files/file-content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { OciError } from "../errors.ts";
import { isManifestMediaType } from "../oci/media-types.ts";
import { reportUpload } from "../progress.ts";
import type { NewContent, PutOptions, StoreOptions } from "../store.ts";
import type { TagName } from "../oci/tag.ts";
import {
  blobPath,
  deleteFile,
  findFileStat,
  hasBlob,
  isIntact,
  linkBlob,
  renewBlob,
  writeBlob,
  writeNewBlob,
} from "./blob-files.ts";
import { isLayout } from "./layout-directory.ts";
import type { Layout } from "./layout.ts";
import { findListed, findTagged, listManifest, removeManifests, removeTag, setTag } from "./layout-index.ts";
import { resolve } from "./reading.ts";

export async function put(
  layout: Layout,
  descriptor: Descriptor,
  options: PutOptions & { readonly content: Content },
): Promise<void> {
  const { content, tags = [], signal } = options;
  const isManifest = isManifestMediaType(descriptor.mediaType);
  if (!isManifest && tags.length > 0)
    throw new TypeError(`tags name manifests; ${descriptor.mediaType} is not a manifest`);
  signal?.throwIfAborted();
  await layout.create(signal);
  if (await renew(layout, descriptor, signal)) reportUpload(options, descriptor, descriptor.size);
  else await writeBlob(layout.paths.blobs, descriptor, options);
  if (!isManifest) return;
  await layout.index.update(async (index) => {
    // Another process may have deleted it since.
    if (!(await hasBlob(layout.paths.blobs, descriptor))) await writeBlob(layout.paths.blobs, descriptor, { content });
    return tags.reduce((index, tag) => setTag(index, tag, descriptor), listManifest(index, descriptor));
  }, signal);
}

/**
 * A file that has the content already is replaced by the new one, which is as good and younger. Under the lock, because garbage
 * collection may be about to delete the old one.
 */
export async function putNew(layout: Layout, content: NewContent, options: PutOptions): Promise<Descriptor> {
  options.signal?.throwIfAborted();
  await layout.create(options.signal);
  const exclusively = (change: () => Promise<void>): Promise<void> => layout.exclusively(change, options.signal);
  return writeNewBlob(layout.paths.blobs, content, { ...options, exclusively });
}

async function renew(layout: Layout, descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean> {
  if (!(await isIntact(layout.paths.blobs, descriptor, signal))) return false;
  return layout.exclusively(() => renewBlob(layout.paths.blobs, descriptor, layout.now()), signal);
}

/** Sets the tag to `to` if it names `from`. `from` "anything": sets it in any case. */
export async function setTagFrom(
  layout: Layout,
  tag: TagName,
  move: {
    readonly from: Digest | undefined | "anything";
    readonly to: Descriptor;
    readonly signal: AbortSignal | undefined;
  },
): Promise<boolean> {
  const { from, to, signal } = move;
  if (!(await isLayout(layout.paths))) throw notThere(layout, to);
  let moved = false;
  await layout.index.update(async (index) => {
    if (!(await hasBlob(layout.paths.blobs, to))) throw notThere(layout, to);
    moved = from === "anything" || findTagged(index, tag)?.digest === from;
    return moved ? setTag(index, tag, to) : index;
  }, signal);
  return moved;
}

function notThere({ paths }: Layout, { digest }: Descriptor): OciError {
  return new OciError("OCI_NOT_FOUND", `manifest ${digest} is not in ${paths.directory}`, { details: { digest } });
}

export async function deleteTag(layout: Layout, tag: TagName, signal: AbortSignal | undefined): Promise<boolean> {
  if (!(await isLayout(layout.paths))) return false;
  let found = false;
  await layout.index.update(async (index) => {
    const after = removeTag(index, tag);
    found = after !== index;
    return after;
  }, signal);
  return found;
}

export async function deleteManifest(
  layout: Layout,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!(await isLayout(layout.paths))) return false;
  let found = (await resolve(layout, digest, { want: "digest", signal })) !== undefined;
  await layout.index.update(async (index) => {
    const after = removeManifests(index, new Set([digest]));
    found ||= after !== index;
    return after;
  }, signal);
  if (found) await deleteUnlisted(layout, digest, signal);
  return found;
}

/** Keeps the bytes of a manifest that is listed (again). */
export async function deleteUnlisted(
  layout: Layout,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return layout.exclusively(async () => {
    const index = await layout.index.find();
    if (index === undefined || findListed(index, digest) !== undefined) return false;
    return deleteFile(blobPath(layout.paths.blobs, digest));
  }, signal);
}

export async function deleteBlob(layout: Layout, digest: Digest, signal: AbortSignal | undefined): Promise<boolean> {
  return (await isLayout(layout.paths)) && deleteUnlisted(layout, digest, signal);
}

/** Mounts by a hard link if the file system supports it, else by a copy that is verified. */
export async function mount(
  layout: Layout,
  descriptor: Descriptor,
  { from, signal }: StoreOptions & { readonly from: string },
): Promise<boolean> {
  signal?.throwIfAborted();
  const source = blobPath(from, descriptor.digest);
  if ((await findFileStat(source))?.size !== descriptor.size) return false;
  await layout.create(signal);
  if (!(await hasBlob(layout.paths.blobs, descriptor)))
    await linkBlob(source, blobPath(layout.paths.blobs, descriptor.digest));
  await put(layout, descriptor, { content: fileContent(source), signal });
  return true;
}
