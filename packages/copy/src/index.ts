export type { PinOffer } from "./anchor.ts";
export type { CallOptions, CopyOptions, PullMetadataOptions, RefreshResult, SaveOptions } from "./calls.ts";
export { createCopy, type Copy } from "./copy.ts";
export { createDirectorySource, type DirectorySourceOptions } from "./directory-source.ts";
export { CopyError, type CopyErrorCode, type CopyErrorDetails } from "./errors.ts";
export type { CopyEvent, ProgressEvent } from "./events.ts";
export { createHttpSource, type HttpSourceOptions } from "./http-source.ts";
export type { CachedState, TrustedFile } from "./inspect.ts";
export { createMapCopy, type AgreedTarget, type MapCopy, type MapCopyOptions } from "./map-copy.ts";
export { parseMapFile, type MapFile, type Mapping } from "./map-file.ts";
export { createMirroredSource } from "./mirrored-source.ts";
export type { VerifiedBlob } from "./open-target.ts";
export type { PinInfo } from "./pin.ts";
export type { RefreshMode } from "./pull-metadata.ts";
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
  TargetPart,
} from "./source.ts";
export { createStoreSource, type StoreSourceOptions } from "./store-source.ts";
