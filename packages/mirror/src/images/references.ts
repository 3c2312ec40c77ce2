/** References of a manifest: manifests below it, and blobs. */
import { isManifestMediaType, type Descriptor, type Manifest } from "@dtuf/registry";
import { MirrorError } from "../errors.ts";

export interface References {
  readonly manifests: readonly Descriptor[];
  readonly blobs: readonly Descriptor[];
}

/**
 * An entry of an index that is not a manifest is a blob, because build caches list their layers in an index.
 * @throws MirrorError MIRROR_UNSUPPORTED
 */
export function referencesOf(manifest: Manifest): References {
  switch (manifest.kind) {
    case "manifest":
      return { manifests: [], blobs: unique([manifest.config, ...manifest.layers]) };
    case "index": {
      const entries = unique(manifest.manifests);
      return {
        manifests: entries.filter(({ mediaType }) => isManifestMediaType(mediaType)),
        blobs: entries.filter(({ mediaType }) => !isManifestMediaType(mediaType)),
      };
    }
    case "schema1":
      throw new MirrorError("MIRROR_UNSUPPORTED", "manifests of Docker's schema 1 cannot be copied with their digest");
  }
}

function unique(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((each) => [each.digest, each])).values()];
}

/** Whether the layer may not be redistributed. Registries accept manifests whose foreign layers they do not have. */
export function isForeignLayer({ mediaType }: Descriptor): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}
