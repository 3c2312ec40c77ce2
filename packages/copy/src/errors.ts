/**
 * Reasons why the client refused or could not continue. The codes are stable; messages are for people and may be
 * reworded.
 */
export type CopyErrorCode =
  /** No root is pinned here: run pull-metadata with a root.json or keys first. */
  | "COPY_NOT_PINNED"
  /** The source definitely answered that no repository is published there. */
  | "COPY_NOT_PUBLISHED"
  /** The source does not hold a metadata file that signed metadata lists. */
  | "COPY_METADATA_MISSING"
  | "COPY_TARGET_UNKNOWN"
  /** The compared contents differ from the target. */
  | "COPY_TARGET_DIFFERS"
  /** Signed metadata lists the target, but no source has its bytes. */
  | "COPY_BLOB_MISSING"
  /** The requested root is an older root of the pinned chain. */
  | "COPY_PIN_OLDER"
  /** The requested root does not follow from the pinned root. It is accepted only with `replace`. */
  | "COPY_PIN_OTHER_CHAIN"
  /** The call is offline, and the metadata or the bytes that it needs are not on this machine. */
  | "COPY_OFFLINE_NOTHING_CACHED"
  /** The clock is earlier than a time that is known to be past. */
  | "COPY_CLOCK_SUSPECT"
  /** The state belongs to another version of dtuf, or is not a state. */
  | "COPY_STATE_FOREIGN"
  /** The state cannot be written, and the caller requires it, because there is no protection from rollback without it. */
  | "COPY_STATE_NOT_KEPT"
  /** The destination has less free space than the target needs. */
  | "COPY_NO_SPACE"
  /** A server answered with a status that means neither success nor "not found". */
  | "COPY_STATUS"
  /**
   * The server sent a web page instead of a file: a sign-in page, or an app that answers every address. A retry may
   * succeed.
   */
  | "COPY_WEB_PAGE"
  /** A site took longer for its metadata than the deadline allows. */
  | "COPY_TOO_SLOW"
  /** The map file is invalid, or the repositories do not agree on the target. */
  | "COPY_SOURCE_INVALID";

/** Details of an error: the thing, the wanted value, the actual value. Never a secret. */
export type CopyErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.CopyError");

/**
 * The only error class of this package. Refusals by TUF's rules are TufErrors and are never wrapped; failures of the store
 * or the network are OciErrors, failures of local files FileErrors, wrong arguments TypeErrors; an abort throws the signal's reason.
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
