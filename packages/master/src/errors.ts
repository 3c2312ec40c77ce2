/** Why publishing failed. The codes are stable; messages are for people and may be reworded. */
export type MasterErrorCode =
  /** A key that is needed to sign is not there; details name the role and the key ids that would do. */
  | "MASTER_KEYS_MISSING"
  /** A key file is no PEM, no age file that we open, or of a kind that cannot sign TUF metadata. */
  | "MASTER_KEY_INVALID"
  | "MASTER_PASSPHRASE_WRONG"
  /** The key file is encrypted and no passphrase was offered. */
  | "MASTER_PASSPHRASE_MISSING"
  /** `createMetadata` (or `adopt`) has not been done here. */
  | "MASTER_METADATA_MISSING"
  | "MASTER_METADATA_EXISTS"
  /** The state directory belongs to another registry or repository. */
  | "MASTER_PLACE_DIFFERS"
  /** The state directory cannot be read as ours, or a file of it was altered. */
  | "MASTER_STATE_INVALID"
  | "MASTER_TARGET_UNKNOWN"
  /** A part that is no regular file: it could not be read twice. */
  | "MASTER_PART_INVALID"
  | "MASTER_TARGET_RESERVED"
  /** Custom metadata with a key that is ours. */
  | "MASTER_CUSTOM_RESERVED"
  /** Other publishers were first again and again, or the root was changed by another one. */
  | "MASTER_PUBLISHER_RACE"
  /** What is published expired and there is no record here (nor `expectSnapshot`) to tell it from a replay. */
  | "MASTER_BASE_EXPIRED"
  /** No client would take what was to be published: a role of it has expired; details name the role. */
  | "MASTER_ROLE_EXPIRED"
  /** The clock is behind an instant that is known to be past. */
  | "MASTER_CLOCK_SUSPECT"
  /** What is published belongs to another chain of roots than the one pinned here. */
  | "MASTER_CHAIN_DIFFERS"
  /** What is published is not the snapshot that was expected. */
  | "MASTER_BASE_UNEXPECTED"
  /** The record of a push is good no more: a newer one has to be handed over. */
  | "MASTER_RECORD_DUE"
  /** The record of a push is not of what is published, or is older than one that was used here. */
  | "MASTER_RECORD_MISMATCH"
  /** A published version jumped so far that signing above it would use up the version numbers. */
  | "MASTER_VERSION_IMPLAUSIBLE"
  /** No key that the current root names can sign the next one: clients would have to pin again. */
  | "MASTER_OLD_ROOT_KEY_MISSING"
  | "MASTER_ROLE_UNKNOWN"
  /** Metadata that the signed snapshot names is not in the registry. */
  | "MASTER_METADATA_UNAVAILABLE";

export type MasterErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.MasterError");

/** This package's own faults. Those of the TUF rules (`TufError`) and of the store (`OciError`) pass through as they are. */
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

  /** True for a MasterError of any copy of this package. */
  static is(value: unknown): value is MasterError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
