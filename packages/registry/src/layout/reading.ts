/** Reading from a layout: takes no lock, writes nothing, verifies every byte. */
import type { ByteStream } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestOf, isDigest, type Digest } from "../oci/digest.ts";
import { OciError } from "../errors.ts";
import { manifestReadMaxBytes } from "../limits.ts";
import { parseManifest, type Manifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Resolved, ResolveOptions, StoreOptions } from "../store.ts";
import type { TagName } from "../oci/tag.ts";
import { collect, verifying, verifyingAfter } from "../verifying.ts";
import { blobPath, findFileStat, readBlob } from "./blob-files.ts";
import type { Layout } from "./layout.ts";
import { findListed, findTagged, type LayoutIndex } from "./layout-index.ts";

export async function openVerified(
  { paths }: Layout,
  descriptor: Descriptor,
  options: StoreOptions = {},
): Promise<ByteStream | undefined> {
  const path = blobPath(paths.blobs, descriptor.digest);
  if ((await findFileStat(path)) === undefined) return undefined;
  return verifying(readBlob(path, 0, options.signal), descriptor);
}

/** In a layout, manifests are stored as blobs. */
export async function findBlob({ paths }: Layout, digest: Digest): Promise<Descriptor | undefined> {
  const size = (await findFileStat(blobPath(paths.blobs, digest)))?.size;
  return size === undefined ? undefined : { mediaType: mediaTypes.octetStream, digest, size };
}

export async function openRest(
  { paths }: Layout,
  descriptor: Descriptor,
  { prefix, signal }: StoreOptions & { readonly prefix: ByteStream },
): Promise<ByteStream | undefined> {
  const path = blobPath(paths.blobs, descriptor.digest);
  if ((await findFileStat(path)) === undefined) return undefined;
  return verifyingAfter(prefix, descriptor, (received) => Promise.resolve(readBlob(path, received, signal)));
}

export async function resolve(
  layout: Layout,
  name: TagName | Digest,
  { want, signal }: ResolveOptions,
): Promise<Resolved | undefined> {
  signal?.throwIfAborted();
  const index = await layout.index.find();
  if (index === undefined) return undefined;
  if (isDigest(name)) return resolveDigest(layout, index, name);
  const descriptor = findTagged(index, name);
  if (descriptor === undefined || want === "digest") return descriptor && { descriptor };
  const bytes = await findManifestBytes(layout, descriptor);
  if (bytes !== undefined) return { descriptor, bytes };
  throw new OciError(
    "OCI_NOT_FOUND",
    `tag ${name} names ${descriptor.digest}, which is not in ${layout.paths.directory}`,
    {
      details: { tag: name, digest: descriptor.digest },
    },
  );
}

/** The media type of an unlisted manifest is read from its bytes. Any other blob does not resolve as a manifest. */
async function resolveDigest(layout: Layout, index: LayoutIndex, digest: Digest): Promise<Resolved | undefined> {
  const listed = findListed(index, digest);
  if (listed !== undefined) {
    const bytes = await findManifestBytes(layout, listed);
    return bytes && { descriptor: listed, bytes };
  }
  const path = blobPath(layout.paths.blobs, digest);
  const size = (await findFileStat(path))?.size;
  if (size === undefined || size > manifestReadMaxBytes) return undefined;
  const bytes = await collect(readBlob(path, 0, undefined), manifestReadMaxBytes);
  if (digestOf(bytes, digestAlgorithm(digest)) !== digest) return undefined;
  const mediaType = mediaTypeOf(bytes);
  return mediaType === undefined ? undefined : { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

function mediaTypeOf(bytes: Uint8Array): string | undefined {
  try {
    return parseManifest(bytes).mediaType;
  } catch (error) {
    if (OciError.is(error)) return undefined;
    throw error;
  }
}

/**
 * Returns the verified bytes of a manifest, or undefined if it does not exist.
 * @throws OciError OCI_LIMIT_EXCEEDED, OCI_SIZE_MISMATCH, OCI_DIGEST_MISMATCH
 */
export async function findManifestBytes(layout: Layout, descriptor: Descriptor): Promise<Uint8Array | undefined> {
  const stream = await openVerified(layout, descriptor);
  return stream && collect(stream, manifestReadMaxBytes);
}

/** @throws as `findManifestBytes` and `parseManifest` */
export async function findManifest(layout: Layout, descriptor: Descriptor): Promise<Manifest | undefined> {
  const bytes = await findManifestBytes(layout, descriptor);
  return bytes && parseManifest(bytes, descriptor.mediaType);
}
