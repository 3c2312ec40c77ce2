/** Media types of the OCI image spec and of Docker's older formats. */
export const mediaTypes = {
  imageManifest: "application/vnd.oci.image.manifest.v1+json",
  imageIndex: "application/vnd.oci.image.index.v1+json",
  emptyConfig: "application/vnd.oci.empty.v1+json",
  imageConfig: "application/vnd.oci.image.config.v1+json",
  octetStream: "application/octet-stream",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

const manifestTypes: ReadonlySet<string> = new Set([
  mediaTypes.imageManifest,
  mediaTypes.imageIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
  mediaTypes.dockerSchema1,
  mediaTypes.dockerSchema1Signed,
]);

/** Whether a registry stores content of this type at its manifest endpoint instead of its blob endpoint. */
export function isManifestMediaType(mediaType: string): boolean {
  return manifestTypes.has(mediaType);
}
