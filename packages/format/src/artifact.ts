/** A unit of pushing: blobs first, then the manifest that keeps them, then the tags that keep the manifest. */
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
  /** The empty config and the metadata, but not a target's content. */
  readonly blobs: readonly ArtifactBlob[];
  /** Tags that are set when the manifest is pushed and never moved. */
  readonly tags: readonly TagName[];
}

export const emptyConfigBlob: ArtifactBlob = { descriptor: emptyConfig, bytes: emptyConfigBytes };

/** Makes a layer of a metadata file. The descriptor of the blob itself contains no inlined data. */
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
