/** Why publishing failed. The codes are stable; messages are for people and may be reworded. */
export type MasterErrorCode =
  /** A key that is needed to sign is missing; the details name the role and the key ids that can sign for it. */
  | "MASTER_KEYS_MISSING"
  /** A key file is neither PEM nor an age file that can be opened, or its key type cannot sign TUF metadata. */
  | "MASTER_KEY_INVALID"
  | "MASTER_PASSPHRASE_WRONG"
  /** The key file is encrypted and no passphrase was given. */
  | "MASTER_PASSPHRASE_MISSING"
  /** `createMetadata` (or `adopt`) has not been done here. */
  | "MASTER_METADATA_MISSING"
  | "MASTER_METADATA_EXISTS"
  /** The state directory belongs to another registry or repository. */
  | "MASTER_PLACE_DIFFERS"
  /** The state directory cannot be parsed, or a file in it was altered. */
  | "MASTER_STATE_INVALID"
  | "MASTER_TARGET_UNKNOWN"
  /** A part is not a regular file, so that it cannot be read twice. */
  | "MASTER_PART_INVALID"
  | "MASTER_TARGET_RESERVED"
  /** Custom metadata has a key that is reserved for dtuf. */
  | "MASTER_CUSTOM_RESERVED"
  /** Other publishers were first in every try, or another publisher changed the root. */
  | "MASTER_PUBLISHER_RACE"
  /** The published release has expired, and neither a record nor `expectSnapshot` shows that it is not a replay. */
  | "MASTER_BASE_EXPIRED"
  /** No client would accept the new release, because one of its roles has expired; the details name the role. */
  | "MASTER_ROLE_EXPIRED"
  /** The clock is behind an instant that is known to be in the past. */
  | "MASTER_CLOCK_SUSPECT"
  /** The published release belongs to another chain of roots than the one pinned here. */
  | "MASTER_CHAIN_DIFFERS"
  /** The published snapshot is not the expected one. */
  | "MASTER_BASE_UNEXPECTED"
  /** The record of a push has ended: a newer one is needed. */
  | "MASTER_RECORD_DUE"
  /** The record of a push does not match the published release, or is older than one that was used here. */
  | "MASTER_RECORD_MISMATCH"
  /**
   * A published version is so much higher than the known one that signing above it could use up the version numbers.
   */
  | "MASTER_VERSION_IMPLAUSIBLE"
  /**
   * The root keys that the current root names are missing. Without them clients cannot follow the next root and must
   * pin again.
   */
  | "MASTER_OLD_ROOT_KEY_MISSING"
  | "MASTER_ROLE_UNKNOWN"
  /** Targets delegates to hash bins already, or to roles that cannot stand beside them; the details name the roles. */
  | "MASTER_BINS_EXIST"
  /** Targets does not delegate to hash bins. */
  | "MASTER_BINS_MISSING"
  /** What was asked for cannot be done with hash bins. */
  | "MASTER_BINS_UNSUPPORTED"
  /** The role has this key already, perhaps under another id. */
  | "MASTER_KEY_EXISTS"
  /** The role has no such key, or the name fits several of its keys. */
  | "MASTER_KEY_UNKNOWN"
  /** The last key of a role cannot be removed. */
  | "MASTER_LAST_KEY"
  /** A role has fewer keys than its threshold. */
  | "MASTER_THRESHOLD_TOO_HIGH"
  /** Staged metadata needs signatures of keys that are not here; the details name their holders. */
  | "MASTER_SIGNATURES_MISSING"
  /** Targets are staged, so that an earlier release cannot be staged in their place. */
  | "MASTER_CHANGES_STAGED"
  /** There is no release of that number in the registry. */
  | "MASTER_RELEASE_UNKNOWN"
  /** An earlier release does not verify with the keys of the newest root, or is another one than was asked for. */
  | "MASTER_RELEASE_UNTRUSTED"
  /** The registry has no open proposal of this name. */
  | "MASTER_PROPOSAL_UNKNOWN"
  /** A proposal's files are not those that its statement names, or break a rule of TUF. */
  | "MASTER_PROPOSAL_INVALID"
  /** What a proposal was built on is not what is published now. */
  | "MASTER_PROPOSAL_OUTDATED"
  /** A proposal is older than one that was seen or signed here. */
  | "MASTER_PROPOSAL_REPLAYED"
  /** A proposal differs from the one that was seen, signed or expected under the same number. */
  | "MASTER_PROPOSAL_CHANGED"
  /** Nothing is staged, and nothing is due that has a key here, so that there is nothing to propose. */
  | "MASTER_NOTHING_STAGED"
  /** A delegated role lists a target that its delegations do not allow. */
  | "MASTER_PATH_NOT_DELEGATED"
  /** Metadata that the signed snapshot names is not in the registry. */
  | "MASTER_METADATA_UNAVAILABLE";

export type MasterErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.MasterError");

/**
 * Errors of this package. Errors of the TUF rules (`TufError`) and of the store (`OciError`) are passed on unchanged.
 */
export class MasterError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "MasterError";
  readonly code: MasterErrorCode;
  readonly details: MasterErrorDetails;

  constructor(code: MasterErrorCode, message: string, more: { details?: MasterErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }

  /** True if the value is a MasterError of any copy of this package. */
  static is(value: unknown): value is MasterError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
