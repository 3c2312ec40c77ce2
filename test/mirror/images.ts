/** Images of every kind for the tests of sync, put into a store. */
import {
  digestOf,
  emptyConfig,
  emptyConfigBytes,
  encodeImageIndex,
  encodeImageManifest,
  mediaTypes,
  parseTag,
  type Descriptor,
  type ManifestContent,
  type TagName,
  type WriteStore,
} from "@dtuf/registry";
import { randomContent } from "@dtuf/testing/oci-content";

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export async function putBlob(store: WriteStore, bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.put(descriptor, bytes);
  return descriptor;
}

export interface ImageOptions {
  readonly tags?: readonly string[];
  readonly form?: "oci" | "docker";
  readonly layers?: readonly Uint8Array[];
  readonly architecture?: string;
}

/** A runnable image, as far as a registry can tell. */
export async function putImage(store: WriteStore, options: ImageOptions = {}): Promise<ManifestContent> {
  const { form = "oci", layers = [randomContent(2000)], architecture = "amd64", tags = [] } = options;
  const isDocker = form === "docker";
  const config = encode({
    architecture,
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map((each) => digestOf(each)) },
  });
  const layerType = isDocker
    ? "application/vnd.docker.image.rootfs.diff.tar.gzip"
    : "application/vnd.oci.image.layer.v1.tar+gzip";
  const manifest = encodeImageManifest({
    mediaType: isDocker ? mediaTypes.dockerManifest : mediaTypes.imageManifest,
    config: await putBlob(store, config, isDocker ? mediaTypes.dockerConfig : mediaTypes.imageConfig),
    layers: await Promise.all(layers.map((bytes) => putBlob(store, bytes, layerType))),
  });
  await store.put(manifest.descriptor, manifest.bytes, { tags: tags.map(parseTag) });
  return manifest;
}

export interface MultiPlatform {
  readonly index: ManifestContent;
  readonly images: ReadonlyMap<string, ManifestContent>;
}

export async function putMultiPlatform(
  store: WriteStore,
  { tag, form = "oci" }: { readonly tag: string; readonly form?: "oci" | "docker" },
): Promise<MultiPlatform> {
  const images = new Map<string, ManifestContent>();
  for (const architecture of ["amd64", "arm64", "s390x"]) {
    images.set(architecture, await putImage(store, { architecture, form }));
  }
  const index = encodeImageIndex({
    mediaType: form === "docker" ? mediaTypes.dockerManifestList : mediaTypes.imageIndex,
    manifests: [...images].map(([architecture, { descriptor }]) => ({
      ...descriptor,
      platform: { architecture, os: "linux" },
    })),
  });
  await store.put(index.descriptor, index.bytes, { tags: [parseTag(tag)] });
  return { index, images };
}

export async function putArtifact(
  store: WriteStore,
  {
    tag,
    subject,
    artifactType = "application/vnd.example.thing",
  }: { readonly tag?: string; readonly subject?: Descriptor; readonly artifactType?: string },
): Promise<ManifestContent> {
  await store.put({ ...emptyConfig, mediaType: mediaTypes.octetStream }, emptyConfigBytes);
  const layer = await putBlob(store, randomContent(64), "application/vnd.example.unheard-of");
  const manifest = encodeImageManifest({
    artifactType,
    layers: [layer],
    ...(subject === undefined ? {} : { subject }),
  });
  const tags: TagName[] = tag === undefined ? [] : [parseTag(tag)];
  await store.put(manifest.descriptor, manifest.bytes, { tags });
  return manifest;
}
