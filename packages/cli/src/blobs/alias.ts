/**
 * Aliases: dxf's word for tags. An alias names one image (an ordered list of blobs) or, where its manifest is an index,
 * one image for each platform.
 */
import {
  isDigest,
  OciError,
  parseManifest,
  parseTag,
  type Descriptor,
  type Digest,
  type Platform,
  type ReadStore,
  type StoreOptions,
  type TagName,
} from "@dtuf/registry";
import { digestOf } from "@dtuf/registry";

export interface AliasBlob {
  readonly digest: Digest;
  /** Undefined in manifests of schema 1, which do not say. */
  readonly size: number | undefined;
}

export interface AliasImage {
  readonly kind: "image";
  /** Of the manifest. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly blobs: readonly AliasBlob[];
  /** What dxf calls the digest of an alias: its config's. Undefined in manifests of schema 1. */
  readonly config: Digest | undefined;
}

export interface AliasIndex {
  readonly kind: "index";
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** By `os/architecture[/variant]`; an entry that has no platform, or one that another has already, by its digest. */
  readonly platforms: ReadonlyMap<string, Descriptor>;
}

export type Alias = AliasImage | AliasIndex;

export function parseAlias(bytes: Uint8Array, mediaType?: string): Alias {
  const manifest = parseManifest(bytes, mediaType);
  const digest = digestOf(bytes);
  if (manifest.kind === "index") return { kind: "index", digest, bytes, platforms: byPlatform(manifest.manifests) };
  if (manifest.kind === "schema1") {
    const blobs = manifest.layers.map((layer) => ({ digest: layer.digest, size: undefined }));
    return { kind: "image", digest, bytes, blobs, config: undefined };
  }
  return { kind: "image", digest, bytes, blobs: manifest.layers, config: manifest.config.digest };
}

function byPlatform(entries: readonly Descriptor[]): ReadonlyMap<string, Descriptor> {
  const platforms = new Map<string, Descriptor>();
  for (const entry of entries) {
    const name = entry.platform === undefined ? entry.digest : platformName(entry.platform);
    platforms.set(platforms.has(name) ? entry.digest : name, entry);
  }
  return platforms;
}

function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/** @throws OciError OCI_NOT_FOUND, OCI_TAG_INVALID */
export async function openAlias(store: ReadStore, name: string, options: StoreOptions): Promise<Alias> {
  const reference: TagName | Digest = isDigest(name) ? name : parseTag(name);
  const resolved = await store.resolve(reference, { ...options, want: "bytes" });
  if (resolved?.bytes === undefined) {
    throw new OciError("OCI_NOT_FOUND", `no alias ${JSON.stringify(name)}`, { details: { alias: name } });
  }
  return parseAlias(resolved.bytes, resolved.descriptor.mediaType);
}

/**
 * The image of an alias, or the image of each platform.
 * @param platform undefined or "": all of them
 * @throws OciError OCI_NOT_FOUND for a platform that is not there
 */
export async function openImages(
  store: ReadStore,
  alias: Alias,
  { platform, ...options }: StoreOptions & { readonly platform: string | undefined },
): Promise<AliasImage | ReadonlyMap<string, AliasImage>> {
  if (alias.kind === "image") return alias;
  if (platform !== undefined && platform !== "") {
    const entry = alias.platforms.get(platform);
    if (entry !== undefined) return openImage(store, entry, options);
    throw new OciError(
      "OCI_NOT_FOUND",
      `no image for the platform ${platform}: ${[...alias.platforms.keys()].join(", ")}`,
      {
        details: { wanted: platform, got: [...alias.platforms.keys()] },
      },
    );
  }
  const images = new Map<string, AliasImage>();
  for (const name of [...alias.platforms.keys()].toSorted()) {
    const entry = alias.platforms.get(name);
    if (entry !== undefined) images.set(name, await openImage(store, entry, options));
  }
  return images;
}

async function openImage(store: ReadStore, entry: Descriptor, options: StoreOptions): Promise<AliasImage> {
  const image = await openAlias(store, entry.digest, options);
  if (image.kind === "image") return image;
  throw new OciError("OCI_MANIFEST_INVALID", `${entry.digest} is an index within an index`);
}
