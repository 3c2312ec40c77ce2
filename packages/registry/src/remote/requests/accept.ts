import { mediaTypes } from "../../oci/media-types.ts";

/** Without this header, old registries answer 404 or convert manifests to schema 1. */
export const acceptedManifests: string = [
  mediaTypes.imageManifest,
  mediaTypes.imageIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
  `${mediaTypes.dockerSchema1Signed};q=0.5`,
  `${mediaTypes.dockerSchema1};q=0.5`,
].join(", ");
