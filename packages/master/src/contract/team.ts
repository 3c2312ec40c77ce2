/** The operations of a team: roles that delegates sign, and proposals that several people sign. */
import type { Digest } from "@dtuf/registry";
import type { JsonObject, KeyId, Signer, TargetFile, TargetPath } from "@dtuf/tuf";
import type { Periods } from "./keys.ts";
import type {
  FieldChange,
  IndexOptions,
  OperationOptions,
  ProgressOptions,
  StagedTarget,
  TargetPart,
} from "./targets.ts";

/** A delegation. Exactly one of `paths` and `pathHashPrefixes`. */
export interface DelegateOptions extends OperationOptions {
  /**
   * The role that delegates: its document gets the delegation, and `propose` with that role signs it. Default: targets.
   * Only without `metadata`.
   */
  readonly from?: string | undefined;
  readonly paths?: readonly string[] | undefined;
  readonly pathHashPrefixes?: readonly string[] | undefined;
  /** If true and the role does not have the target, later delegations are not searched. Default: false. */
  readonly terminating?: boolean | undefined;
  /** Public keys in PEM. */
  readonly keys: readonly string[];
  /** The name of the person or team that holds the private keys. */
  readonly owner?: string | undefined;
  /** Default: 1. */
  readonly threshold?: number | undefined;
  /**
   * The role's own file, signed by its keys. Its targets' blobs must be in the registry. Default: the role starts empty,
   * and its keys sign the first file in a proposal.
   */
  readonly metadata?: Uint8Array | undefined;
}

/** A document that a proposal changes. */
export interface DocumentChange {
  readonly role: string;
  /** Absent: the role has no document yet. */
  readonly before?: { readonly version: number; readonly expires: Date } | undefined;
  readonly after: { readonly version: number; readonly expires: Date };
  /** Set: so many hash bins of one role, of which `role` is the first. Version and expiry are the highest and the earliest. */
  readonly bins?: number | undefined;
  /** Names of further fields of it that change. */
  readonly otherFields: readonly string[];
}

export interface KeyLine {
  /** SHA-256 of the key, as TUF defines a key's id. */
  readonly fingerprint: string;
  readonly owner?: string | undefined;
}

/** A change of who may sign a role, or for which targets. */
export interface TrustChange {
  readonly role: string;
  /** The role whose document names the keys. */
  readonly in: string;
  readonly change: "add" | "remove" | "change";
  readonly keysIn: readonly KeyLine[];
  readonly keysOut: readonly KeyLine[];
  readonly threshold: { readonly before?: number | undefined; readonly after?: number | undefined };
  /** Path patterns or hash prefixes, and whether it is terminating, in words. Only of delegated roles. */
  readonly scope?: { readonly before?: string | undefined; readonly after?: string | undefined } | undefined;
}

export interface TargetChange {
  readonly role: string;
  readonly path: TargetPath;
  readonly change: "add" | "replace" | "delete";
  /** Length in bytes. */
  readonly size: { readonly before?: number | undefined; readonly after?: number | undefined };
  /** Of the new content, in hex. */
  readonly sha256?: string | undefined;
  /** What changes beside length and SHA-256: custom metadata such as the revocation of a release. Empty for "delete". */
  readonly fields: readonly FieldChange[];
}

/** A change of how long a role is valid and when it is due. Absent: the lifetimes of each machine count. */
export interface PeriodChange {
  readonly role: string;
  readonly before?: Periods | undefined;
  readonly after?: Periods | undefined;
}

/** What is published now, compared with what a proposal makes of it. */
export interface ProposalSummary {
  readonly documents: readonly DocumentChange[];
  readonly trust: readonly TrustChange[];
  readonly periods: readonly PeriodChange[];
  readonly targets: readonly TargetChange[];
}

/** The signatures that one document needs from the keys of one role. */
export interface SignatureNeed {
  readonly role: string;
  readonly version: number;
  /** Set: so many hash bins of one role, of which `role` is the first and `version` the highest. */
  readonly bins?: number | undefined;
  /** Whose keys count: of the document's own root, of the root before it, or of the role that delegates. */
  readonly of: string;
  readonly threshold: number;
  /** Who signed it; of hash bins, who signed all of them. */
  readonly signed: readonly KeyLine[];
  /** Holders of keys that can still sign; empty if the threshold is met. By name, or by key id. */
  readonly missing: readonly string[];
}

export interface OpenProposal {
  readonly name: string;
  readonly number: number;
  /** "open": signatures are missing. "ready": it can be accepted. "published": it is what is published. */
  readonly state: "open" | "ready" | "published";
  readonly missing: readonly string[];
}

export interface ProposalReview extends OpenProposal {
  /** SHA-256, in hex, of the statement that names everything that is to be signed. Colleagues compare it by voice. */
  readonly hash: string;
  /** The release that it was built on. */
  readonly base: Digest;
  readonly summary: ProposalSummary;
  readonly signatures: readonly SignatureNeed[];
}

export interface ProposeOptions extends OperationOptions {
  /** Proposes the staged changes of this delegated role. Default: staged roots, keys, targets and delegations. */
  readonly role?: string | undefined;
  /** As in `PublishOptions`. If it names the published snapshot, the published timestamp may have expired. */
  readonly expectSnapshot?: string | undefined;
  /** As in `PublishOptions`. */
  readonly clock?: "checked" | "trusted" | undefined;
}

export interface ReviewOptions extends OperationOptions {
  /**
   * The hash that a colleague read out: all of it, or the first 32 digits or more. With it, the published timestamp may
   * have expired, timestamp and snapshot may have enormous versions, and a root is signed although another one of that
   * version was.
   */
  readonly expectHash?: string | undefined;
  /** As in `PublishOptions`. */
  readonly clock?: "checked" | "trusted" | undefined;
}

export type AcceptOptions = ReviewOptions;

export interface SignOptions extends ReviewOptions {
  /** The hash that `reviewProposal` returned: nothing else is signed than what was shown. */
  readonly shownHash?: string | undefined;
}

export interface SignedProposal extends ProposalReview {
  /** The documents that were signed here just now, such as `targets 7`. */
  readonly added: readonly string[];
  readonly keyIds: readonly KeyId[];
}

/** A proposal that was carried in a file. */
export interface SigningRequest {
  readonly review: ProposalReview;
  /** Returns the file with the signatures of those signers that its documents need. @throws MASTER_KEYS_MISSING */
  sign(signers: readonly Signer[]): Promise<SignedProposal & { readonly file: Uint8Array }>;
}

export interface RoleTargetOptions extends ProgressOptions, IndexOptions {
  readonly custom?: JsonObject | undefined;
}

/** Every operation compares what the registry shows with what this machine has seen and signed. */
export interface Team {
  /**
   * Signs what is staged with the keys that are here and pushes it as a proposal. Staged changes stay staged until they
   * are published. If nothing is staged, it proposes new versions of what is due to be signed again: of root and targets,
   * those that have a key here, or of the delegated role. @throws MASTER_NOTHING_STAGED, MASTER_KEYS_MISSING, MASTER_PATH_NOT_DELEGATED, MASTER_BASE_EXPIRED,
   *     MASTER_CLOCK_SUSPECT
   */
  propose(name: string, options?: ProposeOptions): Promise<ProposalReview>;
  /**
   * Verifies a proposal against what is published, from this machine's own pinned root.
   * @throws MASTER_PROPOSAL_UNKNOWN, MASTER_PROPOSAL_OUTDATED, MASTER_PROPOSAL_REPLAYED, MASTER_PROPOSAL_CHANGED,
   *     MASTER_PROPOSAL_INVALID, MASTER_PATH_NOT_DELEGATED, MASTER_BASE_EXPIRED, MASTER_CLOCK_SUSPECT; TUF_ROLLBACK
   */
  reviewProposal(name: string, options?: ReviewOptions): Promise<ProposalReview>;
  /** Adds the signatures of the keys that are here. @throws MASTER_KEYS_MISSING, and what `reviewProposal` throws */
  signProposal(name: string, options?: SignOptions): Promise<SignedProposal>;
  /** A proposal as a file for `openSigningRequest` on a machine that is never online. @throws as `reviewProposal` */
  exportProposal(name: string, options?: ReviewOptions): Promise<Uint8Array>;
  /**
   * Adds the signatures in exported files to their proposal. Only valid ones are taken.
   * @throws MASTER_PROPOSAL_CHANGED, MASTER_KEYS_MISSING if there is no new one, and what `reviewProposal` throws
   */
  importSignatures(files: readonly Uint8Array[], options?: ReviewOptions): Promise<SignedProposal>;
  /** The proposals of which something is not published, and that still fit what is published. */
  listProposals(options?: OperationOptions): Promise<readonly OpenProposal[]>;
  /** Uploads a target's parts and stages it in a delegated role. @throws MASTER_ROLE_UNKNOWN, MASTER_PATH_NOT_DELEGATED */
  pushRoleTarget(
    role: string,
    target: { readonly name: string; readonly parts: readonly TargetPart[] },
    options?: RoleTargetOptions,
  ): Promise<TargetFile>;
  /** Stages the removal of a target from a delegated role. @throws MASTER_TARGET_UNKNOWN, MASTER_ROLE_UNKNOWN */
  deleteRoleTarget(role: string, name: string, options?: OperationOptions): Promise<void>;
  /** Stages other custom metadata for targets of a delegated role. @throws MASTER_TARGET_UNKNOWN, MASTER_ROLE_UNKNOWN */
  setRoleCustom(
    role: string,
    change: { readonly names: readonly string[]; readonly custom: JsonObject },
    options?: OperationOptions,
  ): Promise<void>;
  /** The targets of a delegated role and of its hash bins, as published, with what is staged. @throws MASTER_ROLE_UNKNOWN */
  listRoleTargetFiles(role: string, options?: OperationOptions): Promise<ReadonlyMap<TargetPath, TargetFile>>;
  /** The staged changes of a delegated role's targets. */
  stagedInRole(role: string, options?: OperationOptions): Promise<readonly StagedTarget[]>;
}
