export {
  createCopy,
  type CachedState,
  type CallOptions,
  type Copy,
  type CopyOptions,
  type PinInfo,
  type PinOffer,
  type PullMetadataOptions,
  type RefreshMode,
  type RefreshResult,
  type SaveOptions,
  type TrustedFile,
  type VerifiedBlob,
} from "./copy.ts";
export { createDirectorySource, type DirectorySourceOptions } from "./directory-source.ts";
export { CopyError, type CopyErrorCode, type CopyErrorDetails } from "./errors.ts";
export type { CopyEvent, ProgressEvent } from "./events.ts";
export { createHttpSource, type HttpSourceOptions } from "./http-source.ts";
export { createMirroredSource } from "./mirrored-source.ts";
export type {
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
