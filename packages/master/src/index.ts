export { MasterError, type MasterErrorCode, type MasterErrorDetails } from "./errors.ts";
export { createMaster } from "./master.ts";
export type {
  AdoptResult,
  CreatedKey,
  DelegateOptions,
  DueRole,
  NewRootOptions,
  Master,
  MasterStatus,
  PublishedStatus,
  OperationOptions,
  ProgressOptions,
  PruneResult,
  PublishResult,
  PushMetadataOptions,
  RefreshOptions,
  RefreshMetadataResult,
  ReleaseVersions,
  StagedChanges,
  StagedTarget,
  TargetPart,
} from "./contract.ts";
export type {
  KeyType,
  MasterPlace,
  MasterRepository,
  MasterSettings,
  MasterOptions,
  MasterStore,
  PassphraseProvider,
  PassphraseRequest,
} from "./options.ts";
