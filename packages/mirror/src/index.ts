export { growArchive, hasArchive, openArchive, type ArchiveOptions, type GrowingArchive } from "./archive-place.ts";
export {
  createDestinations,
  type DestinationRegistries,
  type Destinations,
  type LocatedDestination,
} from "./destinations.ts";
export { createDirStore, type DirStore } from "./dir-store.ts";
export { MirrorError, type MirrorErrorCode, type MirrorErrorDetails } from "./errors.ts";
export { listImageDirectories, listLayouts } from "./list-directories.ts";
export {
  listDockerSource,
  parseDockerSource,
  type DockerSource,
  type ListingOptions,
  type SourceRegistries,
} from "./list-sources.ts";
export type { Destination, NamingOptions } from "./naming.ts";
export { createPlace, describePlace, findPlace, transports, type Place, type Transport } from "./place.ts";
export { planSync, type PlannedImage, type SyncPlan } from "./plan.ts";
export { parsePlatformPattern, type PlatformChoice, type PlatformPattern } from "./platform.ts";
export { readArchive } from "./read-archive.ts";
export {
  countStatus,
  describeError,
  encodeDigestFile,
  outcomeOf,
  type ImageReport,
  type ImageStatus,
  type SyncReport,
} from "./report.ts";
export type { ListedCredential, ListedRegistry, ListedSelection } from "./source-list.ts";
export type { ListedRepository, SourceFailure, SourceImage, Sources } from "./source.ts";
export { sync } from "./sync.ts";
export type { SyncManner, SyncOptions } from "./sync-options.ts";
export type { TagFilters } from "./tag-filters.ts";
export type { TagTest } from "./tag-pattern.ts";
export type { Located, Tally } from "./transfers.ts";
export { writeArchive } from "./write-archive.ts";
