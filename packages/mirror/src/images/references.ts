/** What a manifest names: manifests below it, and blobs. */
import { isManifestMediaType, type Descriptor, type Manifest } from "@dtuf/registry";
import { MirrorError } from "../errors.ts";

export interface References {
  readonly manifests: readonly Descriptor[];
  readonly blobs: readonly Descriptor[];
}

/** An entry of an index that is no manifest is a blob (caches of builds list their layers so). @throws MirrorError MIRROR_UNSUPPORTED */
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

/** Layers that their publisher may not hand on: registries take manifests whose foreign layers they do not have. */
export function isForeignLayer({ mediaType }: Descriptor): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}
