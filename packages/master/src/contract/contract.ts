/**
 * The operations of a publisher; `master.ts` implements them. Local state changes by one atomic file, the registry by
 * one tag: an interrupted operation leaves the old state or the new one, and the next run continues.
 */
import type { ReleaseList } from "./releases.ts";
import type { Digest } from "@dtuf/registry";
import type { JsonObject, RoleName, TargetFile, TargetPath, TopLevelRole, LeftOutRoots } from "@dtuf/tuf";
import type {
  BinKeeper,
  IndexOptions,
  ListOptions,
  NewTarget,
  OperationOptions,
  ProgressOptions,
  PruneResult,
  PushedTargets,
  PushTargetsOptions,
  StagedTarget,
  TargetPart,
} from "./targets.ts";
import type { KeyManager, CreatedKey, NewRootOptions } from "./keys.ts";
export type * from "./targets.ts";
import type { DueRole, MasterStatus, RecordStatus, ReleaseVersions, StagedChanges } from "./status.ts";
import type { AcceptOptions, DelegateOptions, Team } from "./team.ts";
export type * from "./keys.ts";
export type * from "./status.ts";
export type * from "./team.ts";

/** Options of every publication. */
export interface PublishOptions extends OperationOptions {
  /**
   * The snapshot that must be published now: its version (`"12"`) or the SHA-256 of its file (hex). `">=12"` and
   * `">12"` are a minimum: they name no single snapshot, so that every other check is made as without them.
   */
  readonly expectSnapshot?: string | undefined;
  /**
   * The release to build on. "published" (default): the one that `latest` names. It is refused if it is older than the
   * last release in the local state (TUF_ROLLBACK). A release of another publisher is also refused if its timestamp has
   * expired (MASTER_BASE_EXPIRED), if its versions are implausible (MASTER_VERSION_IMPLAUSIBLE), or if it was not built
   * on the last release (MASTER_BASE_UNEXPECTED); an `expectSnapshot` that names the snapshot lifts these three.
   * "recorded": the last release of the local state; the published one is overwritten. This repairs a registry that was
   * rolled back. If the registry was emptied, push its targets and roles again first. Another chain of roots is not
   * overwritten (MASTER_CHAIN_DIFFERS). "replace": like "recorded", but another chain of roots is overwritten too: its
   * clients must pin again.
   */
  readonly base?: "published" | "recorded" | "replace" | undefined;
  /**
   * "trusted": the clock is right now and was ahead before. Default: "checked" (MASTER_CLOCK_SUSPECT if the clock is
   * behind an instant at which this state was written).
   */
  readonly clock?: "checked" | "trusted" | undefined;
}

export interface PushMetadataOptions extends PublishOptions {
  /** Also signs a record of this push (`PushResult.signedRecord`). Default: no record. */
  readonly record?: RecordOptions | undefined;
}

export interface RecordOptions {
  /** How long machines that only refresh may renew the snapshot that the record names. Default: 14 days. */
  readonly lifetimeMs?: number | undefined;
}

export interface PublishResult {
  /** Digest of the manifest that `latest` now names. */
  readonly release: Digest;
  readonly versions: ReleaseVersions;
  /** Target changes that this publication contains. */
  readonly changed: readonly StagedTarget[];
  /** How often another publisher was first and the changes were applied to its release. */
  readonly rebased: number;
  /** The published release that this one replaced without building on it: nothing of it was kept. */
  readonly overwrote?: Digest | undefined;
  /** The instant until which clients accept this release if no other follows. */
  readonly servedUntil: Date;
  /** Status of the record that was signed or used. */
  readonly record?: RecordStatus | undefined;
  /** Roles, delegated ones too, that expire soon (within half their lifetime) and that this publication did not renew. */
  readonly due: readonly DueRole[];
}

export interface PushResult extends PublishResult {
  /** The record's file. Pass it to the machines that only refresh, by another way than the registry. */
  readonly signedRecord?: Uint8Array | undefined;
}

export interface RefreshOptions extends PublishOptions {
  /** How soon a role, a record, or a snapshot that may be re-signed is due. Default: half of each lifetime. */
  readonly withinMs?: number | undefined;
  /**
   * Whether a due snapshot is re-signed. "if-pushed-here" (default): only if this state pushed the published targets,
   * because for others only the registry says that they are the newest. "if-due": for any published targets.
   */
  readonly snapshot?: "if-pushed-here" | "if-due" | undefined;
  /**
   * The file of the newest push's record. The published snapshot must be the one that it names or a renewal of that
   * one. Then a due snapshot is re-signed, and nothing expires later than the record's `until`. With a record, another
   * publisher's timestamp may have expired.
   */
  readonly record?: Uint8Array | undefined;
}

export interface RefreshMetadataResult extends PublishResult {
  readonly renewed: readonly TopLevelRole[];
}

export interface AdoptResult {
  /** The directory that the key files of this machine's roles go into. */
  readonly keyDirectory: string;
  readonly leftOut: LeftOutRoots | undefined;
}

/** "already published": the published release has it, so that nothing was done. */
export type AcceptedProposal =
  | { readonly state: "published"; readonly result: PublishResult }
  | { readonly state: "already published" };

export interface Master extends KeyManager, Team, BinKeeper, AsyncDisposable {
  /** An existing key is set aside in keys/previous until a publication no longer needs it. */
  createRootKey(options?: OperationOptions): Promise<CreatedKey>;
  /** The roles that have a key file in `keys/`. No file is opened. */
  listKeys(): Promise<readonly TopLevelRole[]>;
  /** Creates the keys of these roles; default: of targets, snapshot and timestamp. @throws MasterError */
  createMetadataKeys(
    options?: OperationOptions & { readonly roles?: readonly Exclude<TopLevelRole, "root">[] | undefined },
  ): Promise<readonly CreatedKey[]>;
  /**
   * Signs the first metadata; its root becomes this publisher's pinned root. It first asks the registry: if something
   * is published there, it throws, because that has to be adopted or, with `existing: "replace"`, will be overwritten.
   * With "unchecked" no request is made.
   * @throws MASTER_METADATA_EXISTS, MASTER_KEYS_MISSING; OciError
   */
  createMetadata(
    options?: NewRootOptions & { readonly existing?: "refuse" | "replace" | "unchecked" | undefined },
  ): Promise<void>;
  /**
   * Takes the published repository as the base of a machine that has no state yet. `root` is a root.json or a chain as
   * `rootChain` returns it; its newest root becomes the pinned one. The published release must not have expired, or
   * must be the expected snapshot (as in `PushMetadataOptions`). Older roots are taken from the chain, or from the
   * registry if the pinned root's keys signed them. Makes the directory for the key files, which this machine needs
   * before it can sign.
   * @throws MASTER_METADATA_EXISTS, MASTER_BASE_EXPIRED, MASTER_BASE_UNEXPECTED, MASTER_RECORD_DUE,
   * MASTER_RECORD_MISMATCH; TufError
   */
  adopt(
    options: OperationOptions & { readonly root: Uint8Array } & Pick<RefreshOptions, "expectSnapshot" | "record">,
  ): Promise<AdoptResult>;
  /**
   * Changes the recorded place of the state to this publisher's, for a repository that was copied to another registry.
   * The release published there must be one that `pushMetadata` would build on, with the blobs that it names.
   * @throws MASTER_METADATA_MISSING, MASTER_METADATA_UNAVAILABLE, and what `pushMetadata` throws; the place then stays
   */
  move(options?: OperationOptions & Pick<PublishOptions, "expectSnapshot">): Promise<void>;
  /**
   * Signs a new root that names the keys now in `keys/`, also with the old root keys, so that clients follow it. It
   * renews an expired root too. With `replace` the old keys are not used, and clients must pin again.
   * @throws MASTER_OLD_ROOT_KEY_MISSING
   */
  resetKeys(options?: NewRootOptions & { readonly replace?: boolean | undefined }): Promise<void>;
  /**
   * Uploads the parts and the target's own manifest now and stages its metadata. Files are read twice and never held in
   * memory whole.
   */
  pushTarget(
    name: string,
    parts: readonly TargetPart[],
    options?: ProgressOptions & IndexOptions & { readonly custom?: JsonObject | undefined },
  ): Promise<TargetFile>;
  /**
   * Like `pushTarget` for many targets, several at a time. All are staged by one write: a killed process leaves all of
   * them staged or none, and the next run uploads only what the registry does not have.
   * @throws MASTER_TARGET_RESERVED, MASTER_CUSTOM_RESERVED, MASTER_PART_INVALID; TypeError for two targets of one name
   */
  pushTargets(targets: readonly NewTarget[], options?: PushTargetsOptions): Promise<PushedTargets>;
  /**
   * Stages other custom metadata for targets that are signed or staged; it replaces the user's earlier metadata. Makes
   * no request. @throws MASTER_TARGET_UNKNOWN, MASTER_CUSTOM_RESERVED
   */
  setCustom(names: readonly string[], custom: JsonObject, options?: OperationOptions): Promise<void>;
  /** Stages a new delegation or a change of an existing one. @throws TufError, OciError OCI_NOT_FOUND */
  delegate(role: string, options: DelegateOptions): Promise<void>;
  /** Stages a new version of a delegated role, signed by its keys. @throws MASTER_ROLE_UNKNOWN; TufError */
  updateRole(role: string, metadata: Uint8Array, options?: OperationOptions): Promise<void>;
  /** Stages the removal of a delegation. @throws MASTER_ROLE_UNKNOWN */
  revokeRole(role: string, options?: OperationOptions): Promise<void>;
  /** Stages the removal of a target. @throws MASTER_TARGET_UNKNOWN */
  deleteTarget(name: string, options?: OperationOptions): Promise<void>;
  /**
   * Signs targets, snapshot and timestamp again, with all staged changes, and publishes them by moving one tag. It
   * publishes nothing that a client with the last release would refuse.
   * @throws MASTER_ROLE_EXPIRED, MASTER_CLOCK_SUSPECT, MASTER_CHAIN_DIFFERS, …
   */
  pushMetadata(options?: PushMetadataOptions): Promise<PushResult>;
  /**
   * Signs the timestamp again without the targets key, and a due snapshot as `snapshot` says. Staged changes stay
   * staged.
   * @throws MASTER_ROLE_EXPIRED if a role that is not renewed has expired; MASTER_BASE_UNEXPECTED,
   *     MASTER_RECORD_DUE, MASTER_RECORD_MISMATCH, …
   */
  refreshMetadata(options?: RefreshOptions): Promise<RefreshMetadataResult>;
  /**
   * Stages the targets of an earlier release again; `pushMetadata` publishes them as a new release. Delegated roles stay
   * as they are. The release is verified with the keys of the newest root, and compared with what is published now, which
   * is verified and recorded as `pushMetadata` does. With `effect: "none"` nothing is staged or recorded.
   * @throws MASTER_CHANGES_STAGED, MASTER_RELEASE_UNKNOWN, MASTER_RELEASE_UNTRUSTED, and as `pushMetadata`
   */
  stageRelease(
    release: number,
    options?: OperationOptions &
      Pick<PublishOptions, "base" | "expectSnapshot" | "clock"> & { readonly effect?: "stage" | "none" | undefined },
  ): Promise<readonly StagedTarget[]>;
  /**
   * The releases that the registry still has, each verified as `stageRelease` verifies it, with what it changed. Nothing is written.
   * @throws OciError OCI_UNSUPPORTED if the store cannot list
   */
  listReleases(
    options?: OperationOptions & {
      /** So many of the highest numbers are read. Default: 100. */
      readonly most?: number | undefined;
    },
  ): Promise<ReleaseList>;
  /** Names of the targets in the signed metadata, without staged changes. Sorted. */
  listTargets(): Promise<readonly TargetPath[]>;
  /** The same, with the signed metadata of each. */
  listTargetFiles(options?: ListOptions): Promise<ReadonlyMap<TargetPath, TargetFile>>;
  /** Names of the signed targets that need the blob. Sorted. */
  listTargetsOf(blob: Digest): Promise<readonly TargetPath[]>;
  staged(): Promise<StagedChanges>;
  /** Drops the staged changes of these targets; without names, all staged changes except roots. */
  unstage(names?: readonly string[]): Promise<void>;
  /** When each role expires; of the delegated roles, those that the last publication from here found. */
  expirations(): Promise<ReadonlyMap<TopLevelRole | RoleName, Date>>;
  /** The newest root signed here. Ship it with installers. */
  rootFile(): Promise<Uint8Array>;
  /**
   * That root and all that lead to it, in one file: for `adopt`, for mirrors, and for clients pinned to an old root.
   */
  rootChain(): Promise<Uint8Array>;
  status(
    options?: OperationOptions & {
      /** Default: half of each role's lifetime. */
      readonly withinMs?: number | undefined;
      /** Default: "skip", which makes no request. */
      readonly registry?: "check" | "skip" | undefined;
      /** Default: "find", which lists the registry's tags if the registry is checked. */
      readonly proposals?: "find" | "skip" | undefined;
      /**
       * "skip": if `latest` names the release last published or accepted here, its files are taken from this state, and those of
       * delegated roles are not read. Default: "read".
       */
      readonly files?: "read" | "skip" | undefined;
      /** "trusted": the clock is right, although this state was written at a later instant. Nothing is changed. Default: "checked". */
      readonly clock?: "checked" | "trusted" | undefined;
    },
  ): Promise<MasterStatus>;
  /**
   * Publishes a proposal once every threshold is met: signs snapshot and timestamp with the keys that are here. No other
   * key is needed.
   * @throws MASTER_SIGNATURES_MISSING (the details name whose), MASTER_KEYS_MISSING, and what `reviewProposal` and
   *     `pushMetadata` throw
   */
  acceptProposal(name: string, options?: AcceptOptions): Promise<AcceptedProposal>;
  /** Deletes content that no reader needs any more. @throws OciError OCI_UNSUPPORTED if the registry does not delete */
  prune(options?: OperationOptions): Promise<PruneResult>;
  /** Ends the connections that were opened for `repository`. The next operation connects again. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
