export { growArchive, hasArchive, openArchive, type GrowingArchive } from "./directories/open-archive.ts";
export {
  createDestinations,
  type DestinationRegistries,
  type Destinations,
  type LocatedDestination,
} from "./destinations/destinations.ts";
export { copyImage, type CopyImageOptions, type CopyImageResult } from "./copy-image.ts";
export { createDirStore, type DirStore } from "./directories/dir-store.ts";
export { MirrorError, type MirrorErrorCode, type MirrorErrorDetails } from "./errors.ts";
export { listImageDirectories } from "./sources/list-directories.ts";
export { listLayouts } from "./sources/list-layouts.ts";
export {
  listDockerSource,
  parseDockerSource,
  type DockerSource,
  type ListingOptions,
  type SourceRegistries,
} from "./sources/list-sources.ts";
export type { Destination, NamingOptions } from "./destinations/naming.ts";
export {
  createImageReference,
  describeImageReference,
  findImageReference,
  transports,
  type ImageReference,
  type ImageTransport,
} from "./image-reference.ts";
export { planSync, type PlannedImage, type SyncPlan } from "./plan.ts";
export { parsePlatformPattern, type PlatformChoice, type PlatformPattern } from "./images/platform.ts";
export { readArchive, type ArchiveOptions } from "./directories/read-archive.ts";
export type { LeftBehind } from "./images/copy-referrers.ts";
export {
  countLeftBehind,
  countStatus,
  describeError,
  encodeDigestFile,
  outcomeOf,
  type ImageReport,
  type ImageStatus,
  type SyncReport,
} from "./report.ts";
export type { ListedCredential, ListedRegistry, ListedSelection } from "./sources/source-list.ts";
export type { ListedRepository, SourceFailure, SourceImage, Sources } from "./sources/source.ts";
export { sync } from "./sync.ts";
export type { SyncDefaults, SyncOptions } from "./sync-options.ts";
export type { TagFilters } from "./sources/tag-filters.ts";
export type { TagTest } from "./sources/tag-pattern.ts";
export type { Located, Tally } from "./images/transfers.ts";
export { packArchive, writeArchive } from "./directories/write-archive.ts";
