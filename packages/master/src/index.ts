export { MasterError, type MasterErrorCode, type MasterErrorDetails } from "./errors.ts";
export { createMaster } from "./master.ts";
export { openSigningRequest } from "./team/signing-request.ts";
export type { ListedRelease, ReleaseChanges, ReleaseList } from "./contract/releases.ts";
export type {
  AddKeyOptions,
  KeyManager,
  Periods,
  PrivateKeyPlace,
  RoleKey,
  RoleKeys,
  StagedKeyChange,
} from "./contract/keys.ts";
export type {
  DocumentChange,
  KeyLine,
  OpenProposal,
  PeriodChange,
  ProposalReview,
  ProposalSummary,
  ProposeOptions,
  ReviewOptions,
  RoleTargetOptions,
  SignatureNeed,
  SignedProposal,
  SignOptions,
  SigningRequest,
  TargetChange,
  Team,
  TrustChange,
} from "./contract/team.ts";
export type {
  AcceptedProposal,
  AcceptOptions,
  AdoptResult,
  BinKeeper,
  CreateBinsOptions,
  CreatedKey,
  DelegateOptions,
  DueRole,
  NewRootOptions,
  FieldChange,
  IndexOptions,
  ListOptions,
  NewTarget,
  Master,
  MasterStatus,
  PublishedStatus,
  OperationOptions,
  ProgressOptions,
  PruneResult,
  PublishOptions,
  PublishResult,
  PushedTargets,
  PushMetadataOptions,
  PushResult,
  PushTargetsOptions,
  RecordOptions,
  RecordStatus,
  RefreshOptions,
  RefreshMetadataResult,
  ReleaseVersions,
  RoleStatus,
  StagedChanges,
  StagedTarget,
  TargetPart,
} from "./contract/contract.ts";
export type { Previews } from "./history/previews.ts";
export type { PublishPreview } from "./release/publish.ts";
export type { AcceptPreview } from "./team/accept.ts";
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
export { keyHolderOf, type KeyHolder } from "./documents/key-owner.ts";
export { findPeriods, periodsOf, type PeriodSources } from "./documents/periods.ts";
export { summarize, type DocumentPair } from "./team/rules/summary.ts";
