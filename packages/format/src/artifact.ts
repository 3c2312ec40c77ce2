/** What is pushed together: blobs first, then the manifest that keeps them, then the tags that keep the manifest. */
import {
  digestOf,
  emptyConfig,
  emptyConfigBytes,
  type Descriptor,
  type ManifestContent,
  type TagName,
} from "@dtuf/registry";
import { annotationKeys, metadataMediaType } from "./media-types.ts";

export interface ArtifactBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface Artifact {
  readonly manifest: ManifestContent;
  /** The empty config and the metadata; never a target's content. */
  readonly blobs: readonly ArtifactBlob[];
  /** Set when the manifest is pushed. Never moved afterwards. */
  readonly tags: readonly TagName[];
}

export const emptyConfigBlob: ArtifactBlob = { descriptor: emptyConfig, bytes: emptyConfigBytes };

/** A metadata file as a layer. The descriptor of the blob itself carries no inlined data. */
export function metadataLayer(name: string, bytes: Uint8Array): { layer: Descriptor; blob: ArtifactBlob } {
  const layer: Descriptor = {
    mediaType: metadataMediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    annotations: new Map([
      [annotationKeys.filename, name],
      [annotationKeys.title, name],
    ]),
  };
  return { layer, blob: { descriptor: layer, bytes } };
}
