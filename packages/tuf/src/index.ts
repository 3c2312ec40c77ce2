export type { Json, JsonObject } from "./json.ts";
export { parseJson } from "./json.ts";
export { findForeignEncoding } from "./encoding.ts";
export type { KeyId, RoleName, TargetPath, TopLevelRole } from "./names.ts";
export { isTopLevelRole, parseKeyId, parseRoleName, parseTargetPath, topLevelRoles } from "./names.ts";
export { TufError, withPlace } from "./errors.ts";
export type { TufErrorCode, TufErrorDetails } from "./errors.ts";
export { defaultLimits, pushRecordMaxBytes } from "./limits.ts";
export type { Limits } from "./limits.ts";
export { encodeKey, keyFromPem, keyIdOf, keyMaterial, parseKey } from "./key.ts";
export type { Key } from "./key.ts";
export { createSigner } from "./signer.ts";
export type { Signer } from "./signer.ts";
export { specVersion } from "./signed.ts";
export type { SignedFields } from "./signed.ts";
export type { FamilyCounts } from "./families.ts";
export type { KeyFamily } from "./public-key.ts";
export type { Authority, Role } from "./role.ts";
export type { MetaFile, TargetFile } from "./file-info.ts";
export type { Root } from "./root.ts";
export type { Timestamp } from "./timestamp.ts";
export type { Snapshot } from "./snapshot.ts";
export type { Targets } from "./targets.ts";
export type {
  DelegatedRole,
  Delegations,
  ListedDelegations,
  SuccinctDelegations,
  SuccinctRoles,
} from "./delegations.ts";
export {
  addSignatures,
  findValidSignatures,
  mergeSignatures,
  trimFile,
  parseUnverified,
  signDocument,
  signedSha256,
  verifyDocument,
} from "./document.ts";
export type { Document, DocumentOf } from "./document.ts";
export { keepOpen } from "./envelope.ts";
export { signPushRecord, snapshotMetaSha256, verifyPushRecord } from "./push-record.ts";
export type { PushRecord } from "./push-record.ts";
export { createTrustedSet } from "./trusted-set.ts";
export { findRootOfKeys, verifyOlderRoot, verifyRootChain } from "./root-chain.ts";
export type { LeftOutRoots, RootChainOptions } from "./root-chain.ts";
export type { TrustedSet, TrustedSetOptions } from "./trusted-set.ts";
export type { WantedFile } from "./wanted.ts";
export type { Trusted } from "./trusted.ts";
export { findAuthority } from "./authority.ts";
export { binName, binNames, pathHash } from "./succinct.ts";
export { delegatedPaths, findTarget, isDelegatedPath } from "./delegation.ts";
export { createMatchBudget, createPathSet } from "./path-set.ts";
export type { MatchBudget, PathSet } from "./path-set.ts";
export { matchesPath } from "./path-pattern.ts";
export type { FindTargetOptions, FoundTarget, LoadRole, WalkStep } from "./delegation.ts";
export { isSuperseded, verifySuccessor, verifyUnexpired, type RoleFile } from "./trusted.ts";
export { createTargetVerifier } from "./target-verifier.ts";
export type { TargetVerifier, TargetVerifierOptions } from "./target-verifier.ts";
