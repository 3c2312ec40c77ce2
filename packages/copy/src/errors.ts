/** Why the client refused or could not go on. The codes are stable; messages are for people and may be reworded. */
export type CopyErrorCode =
  /** No root is pinned here: pull-metadata with a root.json or keys comes first. */
  | "COPY_NOT_PINNED"
  /** The source says definitely that no repository was ever published there. */
  | "COPY_NOT_PUBLISHED"
  /** The source no longer (or not yet) holds a metadata file that signed metadata promises. */
  | "COPY_METADATA_MISSING"
  | "COPY_TARGET_UNKNOWN"
  /** The compared contents are not the target's. */
  | "COPY_TARGET_DIFFERS"
  /** Signed metadata names the target, but no source has its bytes. */
  | "COPY_BLOB_MISSING"
  /** The offered pin is an older root of the pinned chain. */
  | "COPY_PIN_OLDER"
  /** The offered pin does not follow from the pinned root: only `replace` takes it. */
  | "COPY_PIN_OTHER_CHAIN"
  /** Offline, and nothing has been pulled before. */
  | "COPY_OFFLINE_NOTHING_CACHED"
  /** The clock is earlier than a moment that is known to be past. */
  | "COPY_CLOCK_SUSPECT"
  /** The state belongs to another version of dtuf, or is not a state at all. */
  | "COPY_STATE_FOREIGN"
  /** The state cannot be written, and the caller requires it: without it there is no protection from rollback. */
  | "COPY_STATE_NOT_KEPT"
  /** The destination has less free space than the target needs. */
  | "COPY_NO_SPACE"
  /** A server answered with a status that is neither success nor "not there". */
  | "COPY_STATUS"
  /** A web page came in the place of a file: a sign-in page, or an app that answers every address. Worth another try. */
  | "COPY_WEB_PAGE"
  /** A site took longer for its metadata than its deadline. */
  | "COPY_TOO_SLOW"
  /** A map file that cannot be read, or repositories that do not agree. */
  | "COPY_SOURCE_INVALID";

/** What an error says beside its message: the thing, what was wanted, what was got. Never a secret. */
export type CopyErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.CopyError");

/**
 * The only error class of this package. What TUF's rules refuse is a TufError and is never wrapped; faults of the store
 * or the network are OciErrors, faults of local files FileErrors; wrong arguments are TypeErrors; aborts the signal's reason.
 */
export class CopyError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "CopyError";
  readonly code: CopyErrorCode;
  readonly details: CopyErrorDetails;

  constructor(code: CopyErrorCode, message: string, more: { details?: CopyErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }

  /** True for a CopyError of any copy of this package. */
  static is(value: unknown): value is CopyError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
