export type { StateOutcome, StateRequirement } from "./state/cache-directory.ts";
export type { RequestedRoot } from "./refresh/trusted-root.ts";
export type { CopyRepository, CopySettings, CopySource } from "./calls.ts";
export type {
  CallOptions,
  CopyOptions,
  PinResult,
  PullMetadataOptions,
  RefreshResult,
  SaveOptions,
  SaveTargetsOptions,
  TargetDestination,
} from "./calls.ts";
export { createCopy, type Copy } from "./copy.ts";
export { createDirectorySource, type DirectorySourceOptions } from "./sources/directory-source.ts";
export { CopyError, type CopyErrorCode, type CopyErrorDetails } from "./errors.ts";
export type { CopyEvent } from "./events.ts";
export type { Deadlines } from "./refresh/deadline.ts";
export { createHttpSource, targetsBeside, type HttpSourceOptions } from "./sources/http-source.ts";
export type { CachedState, TrustedFile } from "./refresh/inspect.ts";
export { createMapCopy, type AgreedTarget, type MapCopy, type MapCopyOptions } from "./map/map-copy.ts";
export { parseMapFile, type MapFile, type Mapping } from "./map/map-file.ts";
export type { ListedTarget } from "./targets/list-targets.ts";
export { createMirroredSource } from "./sources/mirrored-source.ts";
export type { VerifiedBlob } from "./targets/open-target.ts";
export type { PinInfo } from "./refresh/pin.ts";
export type { RefreshFailure } from "./state/refresh-failure.ts";
export type { RefreshMode } from "./refresh/pull-metadata.ts";
export type {
  MetadataHint,
  MetadataRequest,
  MetadataView,
  PartOptions,
  PartPrefix,
  PartStream,
  Site,
  Source,
  SourceOptions,
  TargetInfo,
  TargetPiece,
} from "./sources/source.ts";
export type { SavedTarget, SaveOutcome, SaveReport, TargetPlan, Way } from "./targets/ways.ts";
export { metadataName, targetNames } from "./sources/plain-names.ts";
export { createStoreSource, type StoreSourceOptions } from "./sources/store-source.ts";
export type { OpenOutcome, RefreshOutcome, RefreshTold, SaveTraceOutcome, TargetTold } from "./traces.ts";
