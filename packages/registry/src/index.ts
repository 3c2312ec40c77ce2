export {
  createLimiter,
  createSingleFlight,
  forEachConcurrently,
  settleAll,
  type Limiter,
  type SingleFlight,
  type SingleFlightOptions,
} from "./concurrency.ts";
export {
  freeChunk,
  freeing,
  observed,
  openContent,
  resumed,
  type ByteObserver,
  type ByteStream,
  type Content,
  type ContentSource,
  withOwnMemory,
} from "./content.ts";
export { fileContent } from "./files/file-content.ts";
export {
  encodeDescriptor,
  parseAnnotations,
  parseDescriptor,
  type Descriptor,
  type Platform,
} from "./oci/descriptor.ts";
export {
  createDigester,
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
  type Digest,
  type DigestAlgorithm,
  type Digester,
} from "./oci/digest.ts";
export { OciError, type ErrorDetails, type OciErrorCode } from "./errors.ts";
export { manifestMaxBytes, manifestReadMaxBytes } from "./limits.ts";
export {
  emptyConfig,
  emptyConfigBytes,
  encodeImageIndex,
  encodeImageManifest,
  parseManifest,
  type ImageIndex,
  type ImageManifest,
  type Manifest,
  type ManifestContent,
  type Schema1Manifest,
} from "./oci/manifest.ts";
export { isManifestMediaType, mediaTypes } from "./oci/media-types.ts";
export {
  encodeReference,
  isDockerHub,
  isRepositoryName,
  parseFamiliarName,
  parseReference,
  parseRegistryHost,
  parseRepositoryName,
  type FamiliarNameOptions,
  type Reference,
  type RegistryHost,
  type RepositoryName,
} from "./oci/reference.ts";
export { reportUpload, type Progress, type ProgressCallback } from "./progress.ts";
export {
  hasCapability,
  type BlobFinder,
  type BlobMounter,
  type Deleter,
  type NewBlobReceiver,
  type NewContent,
  type PutOptions,
  type ByteRange,
  type RangeOptions,
  type RangeOpener,
  type RangeReader,
  type ReadStore,
  type ReferrerLister,
  type Resolved,
  type ResolveOptions,
  type StoreOptions,
  type TagLister,
  type TagSwapper,
  type WriteStore,
} from "./store.ts";
export { isTag, parseTag, type TagName } from "./oci/tag.ts";
export { collect, counted, provenDigest, verifyBytes, verifying, verifyingAfter } from "./verifying.ts";
export { isWebPage } from "./http/web-page.ts";
