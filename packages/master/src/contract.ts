/**
 * What a publisher can do, as values and promises; `master.ts` does it. Local state changes by one atomic file, the
 * registry by one tag: whatever is cut off leaves the old state or the new one, and running it again goes on.
 */
import type { Digest } from "@dtuf/registry";
import type { JsonObject, KeyFamily, RoleName, TargetFile, TargetPath, TopLevelRole, LeftOutRoots } from "@dtuf/tuf";
import type {
  NewTarget,
  OperationOptions,
  ProgressOptions,
  PushedTargets,
  PushTargetsOptions,
  StagedTarget,
  TargetPart,
} from "./target-contract.ts";
export type * from "./target-contract.ts";

export interface NewRootOptions extends OperationOptions {
  /**
   * Families of keys of which each top-level role needs at least one signature, for clients of dtuf
   * (`x-dtuf-require-families`). Added to what the root requires already: no later root can drop a family, only pinning
   * again can.
   */
  readonly requireFamilies?: readonly KeyFamily[] | undefined;
}

export interface CreatedKey {
  readonly role: TopLevelRole;
  readonly keyId: string;
  readonly path: string;
  /** Where the key that was there before now lies. */
  readonly setAside?: string | undefined;
}

export interface StagedChanges {
  readonly targets: readonly StagedTarget[];
  /** Delegated roles of which a new version, a delegation or its end is staged. */
  readonly roles: readonly RoleName[];
  /** Versions of roots that are signed here and not published yet. */
  readonly roots: readonly number[];
}

export type ReleaseVersions = Readonly<Record<TopLevelRole, number>>;

/** What every publication takes. */
export interface PublishOptions extends OperationOptions {
  /**
   * The snapshot that must be what is published: its version (`"12"`) or the SHA-256 of its file (hex). `">=12"` and `">12"`
   * are a floor: they name no snapshot, so that everything else is checked as without them.
   */
  readonly expectSnapshot?: string | undefined;
  /**
   * What to build on. "published" (default): what `latest` names, refused where it is older than the record here, or
   * another publisher's and expired, of implausible versions, or not built on the record (unless it is expected, above).
   * "recorded": the record, overwriting whatever is published: mends a registry that was rolled back. One that was emptied
   * needs its targets and roles pushed again first. Another chain of roots is not overwritten (MASTER_CHAIN_DIFFERS).
   * "replace": as "recorded", another chain of roots too: its clients must pin again.
   */
  readonly base?: "published" | "recorded" | "replace" | undefined;
  /**
   * "trusted": the clock is right, and was ahead before. Default: "checked" (MASTER_CLOCK_SUSPECT where it is behind an
   * instant at which this state was written).
   */
  readonly clock?: "checked" | "trusted" | undefined;
}

export interface PushMetadataOptions extends PublishOptions {
  /** Sign a record of this push too (`PushResult.signedRecord`). Default: none. */
  readonly record?: RecordOptions | undefined;
}

export interface RecordOptions {
  /** For how long machines that only refresh may renew what the record names. Default: 14 days. */
  readonly lifetimeMs?: number | undefined;
}

export interface RecordStatus {
  readonly until: Date;
  /** "soon": at most half of its time (or `withinMs`) is left. "due": nothing is renewed by it any more. */
  readonly state: "good" | "soon" | "due";
}

export interface PublishResult {
  /** Digest of the manifest that `latest` now names. */
  readonly release: Digest;
  readonly versions: ReleaseVersions;
  /** Target changes that this publication carried. */
  readonly changed: readonly StagedTarget[];
  /** How often another publisher was first and the changes were rebased on what it had published. */
  readonly rebased: number;
  /** The release that was published and that this one was not built on: nothing of it was taken over. */
  readonly overwrote?: Digest | undefined;
  /** Until when clients take this release, if nothing follows it. */
  readonly servedUntil: Date;
  /** Of the record that was signed or used. */
  readonly record?: RecordStatus | undefined;
  /** Roles, delegated ones too, that expire soon (within half their lifetime) and that this publication did not renew. */
  readonly due: readonly DueRole[];
}

export interface PushResult extends PublishResult {
  /** The record's file, to be handed by another way than the registry to the machines that only refresh. */
  readonly signedRecord?: Uint8Array | undefined;
}

export interface RefreshOptions extends PublishOptions {
  /** How soon a role, a record, or a snapshot that may be re-signed is due. Default: half of each lifetime. */
  readonly withinMs?: number | undefined;
  /**
   * Whether a due snapshot is re-signed. "if-pushed-here" (default): only over targets that this state pushed, because for
   * any other the registry alone says that they are the newest. "if-due": over whatever is published.
   */
  readonly snapshot?: "if-pushed-here" | "if-due" | undefined;
  /**
   * The file of the newest push's record. What is published must be what it names or a renewal of that (then a due snapshot
   * is re-signed, and nothing expires later than the record's `until`). It stands in for an unexpired timestamp of others.
   */
  readonly record?: Uint8Array | undefined;
}

export interface RefreshMetadataResult extends PublishResult {
  readonly renewed: readonly TopLevelRole[];
}

export interface DueRole {
  readonly role: TopLevelRole | RoleName;
  readonly expires: Date;
  readonly state: "expired" | "soon";
}

export interface MasterStatus {
  readonly due: readonly DueRole[];
  readonly staged: StagedChanges;
  /** "never": nothing has been published from here. */
  readonly versions: ReleaseVersions | "never";
  /**
   * What is published, verified from the pin here: what was last published or accepted here; something newer, by another
   * publisher of this chain of roots; another chain; something else that clients refuse; nothing; or not looked at.
   */
  readonly registry: "same" | "newer" | "other-chain" | "refused" | "absent" | "unchecked";
  /** Where `registry` is "same" or "newer"; `due` is then about this. */
  readonly published?: PublishedStatus | undefined;
  /** Of the newest record that was signed or used here. */
  readonly record?: RecordStatus | undefined;
  /** Why it was refused, where `registry` is "other-chain" or "refused". */
  readonly refusal?: { readonly code: string; readonly message: string } | undefined;
}

export interface PublishedStatus {
  readonly versions: ReleaseVersions;
  /** Until when clients take it, if nothing follows it. */
  readonly servedUntil: Date;
}

export interface PruneResult {
  readonly releases: readonly number[];
  readonly manifests: number;
  readonly blobs: number;
  readonly bytes: number;
}

/** A delegation from the top-level targets role. Exactly one of `paths` and `pathHashPrefixes`. */
export interface DelegateOptions extends OperationOptions {
  readonly paths?: readonly string[] | undefined;
  readonly pathHashPrefixes?: readonly string[] | undefined;
  /** True: if the role has no such target, later delegations are not asked. Default false. */
  readonly terminating?: boolean | undefined;
  /** Public keys in PEM. */
  readonly keys: readonly string[];
  /** Default: 1. */
  readonly threshold?: number | undefined;
  /** The role's own file, signed by its keys. Its targets' blobs must be in the registry. */
  readonly metadata: Uint8Array;
}

export interface AdoptResult {
  /** The directory that the key files of this machine's roles go into. */
  readonly keyDirectory: string;
  readonly leftOut: LeftOutRoots | undefined;
}

export interface Master extends AsyncDisposable {
  /** An existing key is set aside in keys/previous until a publication no longer needs it. */
  createRootKey(options?: OperationOptions): Promise<CreatedKey>;
  /** The roles whose key file lies in `keys/`. None is opened. */
  listKeys(): Promise<readonly TopLevelRole[]>;
  /** Targets, snapshot and timestamp keys. @throws MasterError */
  createMetadataKeys(options?: OperationOptions): Promise<readonly CreatedKey[]>;
  /**
   * Signs the first metadata; its root becomes this publisher's pin. The registry is looked at first: what is published
   * there is adopted or, with `existing: "replace"`, will be overwritten. With "unchecked" no request is made.
   * @throws MASTER_METADATA_EXISTS, MASTER_KEYS_MISSING; OciError
   */
  createMetadata(
    options?: NewRootOptions & { readonly existing?: "refuse" | "replace" | "unchecked" | undefined },
  ): Promise<void>;
  /**
   * A machine without a record takes the published repository as its base, from a root that it was handed: a root.json, or
   * a chain as `rootChain` gives it, of which the newest is the pin. What is published must be unexpired, or be the expected
   * snapshot (as in `PushMetadataOptions`). Older roots are taken from the chain, or if the pinned root's keys signed them.
   * Makes the directory for the key files, which this machine needs before it can sign.
   * @throws MASTER_METADATA_EXISTS, MASTER_BASE_EXPIRED, MASTER_BASE_UNEXPECTED, MASTER_RECORD_DUE, MASTER_RECORD_MISMATCH; TufError
   */
  adopt(
    options: OperationOptions & { readonly root: Uint8Array } & Pick<RefreshOptions, "expectSnapshot" | "record">,
  ): Promise<AdoptResult>;
  /**
   * The state publishes to this publisher's place from now on, whatever place it recorded: for a repository that was carried
   * to another registry. What is published there must be what `pushMetadata` would build on, with the blobs that it names.
   * @throws MASTER_METADATA_MISSING, MASTER_METADATA_UNAVAILABLE, and what `pushMetadata` throws; the place then stays
   */
  move(options?: OperationOptions & Pick<PublishOptions, "expectSnapshot">): Promise<void>;
  /**
   * A new root naming the keys that lie in `keys/` now, signed with the old root keys too, so that clients follow
   * it. Also renews an expired root. With `replace`: without the old keys; clients must pin again.
   * @throws MASTER_OLD_ROOT_KEY_MISSING
   */
  resetKeys(options?: NewRootOptions & { readonly replace?: boolean | undefined }): Promise<void>;
  /** Uploads the parts and the target's own manifest now, stages its metadata. Files are read twice, never held whole. */
  pushTarget(
    name: string,
    parts: readonly TargetPart[],
    options?: ProgressOptions & { readonly custom?: JsonObject | undefined },
  ): Promise<TargetFile>;
  /**
   * As `pushTarget` for many targets, several at a time, and all of it staged by one write: a process that is killed leaves
   * none of them staged, or all, and running it again goes on with what the registry does not have.
   * @throws MASTER_TARGET_RESERVED, MASTER_CUSTOM_RESERVED, MASTER_PART_INVALID; TypeError for two targets of one name
   */
  pushTargets(targets: readonly NewTarget[], options?: PushTargetsOptions): Promise<PushedTargets>;
  /**
   * Stages other custom metadata for targets that are signed or staged, in the place of the user's own that they had.
   * Makes no request. @throws MASTER_TARGET_UNKNOWN, MASTER_CUSTOM_RESERVED
   */
  setCustom(names: readonly string[], custom: JsonObject, options?: OperationOptions): Promise<void>;
  /** Stages a delegation, or a change of one that is there, which keeps its place. @throws TufError, OciError OCI_NOT_FOUND */
  delegate(role: string, options: DelegateOptions): Promise<void>;
  /** Stages a new version of a delegated role, signed by its keys. @throws MASTER_ROLE_UNKNOWN; TufError */
  updateRole(role: string, metadata: Uint8Array, options?: OperationOptions): Promise<void>;
  /** Stages the end of a delegation. @throws MASTER_ROLE_UNKNOWN */
  revokeRole(role: string, options?: OperationOptions): Promise<void>;
  /** Stages. @throws MASTER_TARGET_UNKNOWN */
  deleteTarget(name: string, options?: OperationOptions): Promise<void>;
  /**
   * Signs targets, snapshot and timestamp anew, with what is staged, and publishes by one switch. Nothing is published
   * that a client that holds the last release would not take.
   * @throws MASTER_ROLE_EXPIRED, MASTER_CLOCK_SUSPECT, MASTER_CHAIN_DIFFERS, …
   */
  pushMetadata(options?: PushMetadataOptions): Promise<PushResult>;
  /**
   * Signs the timestamp anew without the targets key, and a due snapshot as `snapshot` says. What is staged stays staged.
   * @throws MASTER_ROLE_EXPIRED where a role that is not renewed has expired; MASTER_BASE_UNEXPECTED,
   *   MASTER_RECORD_DUE, MASTER_RECORD_MISMATCH, …
   */
  refreshMetadata(options?: RefreshOptions): Promise<RefreshMetadataResult>;
  /** Names in the signed metadata: what is staged does not show. Sorted. */
  listTargets(): Promise<readonly TargetPath[]>;
  /** The same, with what is signed of each. */
  listTargetFiles(): Promise<ReadonlyMap<TargetPath, TargetFile>>;
  /** Of the signed metadata, those that cannot be pulled without the blob. Sorted. */
  listTargetsOf(blob: Digest): Promise<readonly TargetPath[]>;
  staged(): Promise<StagedChanges>;
  /** Drops what is staged for these targets; without names, everything but staged roots. */
  unstage(names?: readonly string[]): Promise<void>;
  /** Of the delegated roles, those that the last publication from here found. */
  expirations(): Promise<ReadonlyMap<TopLevelRole | RoleName, Date>>;
  /** The newest root signed here: what to ship with installers. */
  rootFile(): Promise<Uint8Array>;
  /** That root with all that lead to it, in one file: for publishers that adopt, mirrors, and clients pinned to an old root. */
  rootChain(): Promise<Uint8Array>;
  status(
    options?: OperationOptions & {
      /** Default: half of each role's lifetime. */
      readonly withinMs?: number | undefined;
      /** Default: "skip", which makes no request. */
      readonly registry?: "check" | "skip" | undefined;
    },
  ): Promise<MasterStatus>;
  /** Deletes what no reader needs any more. @throws OciError OCI_UNSUPPORTED where the registry does not delete */
  prune(options?: OperationOptions): Promise<PruneResult>;
  /** Ends the connections that were opened for `repository`. The next operation connects anew. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
