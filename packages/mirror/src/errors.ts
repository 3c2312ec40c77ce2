/** Why copying was refused or could not go on. The codes are stable; messages are for people and may be reworded. */
export type MirrorErrorCode =
  /** The source says definitely that the image is not there. */
  | "MIRROR_IMAGE_MISSING"
  /** A manifest names content that the source does not have. */
  | "MIRROR_CONTENT_MISSING"
  /** No image of the platform that was asked for. */
  | "MIRROR_PLATFORM_MISSING"
  /** The source, as it was narrowed down, has no image at all. */
  | "MIRROR_NOTHING_TO_SYNC"
  /** Two images would be written to one place. */
  | "MIRROR_COLLISION"
  /** A source or destination that is written wrongly, or whose name cannot be used there. */
  | "MIRROR_PLACE_INVALID"
  /** The YAML list is malformed: an unknown key, a wrong type. */
  | "MIRROR_LIST_INVALID"
  /** A regular expression or a version constraint that is none. */
  | "MIRROR_PATTERN_INVALID"
  /** A directory that is no image in skopeo's form, or that holds something else. */
  | "MIRROR_DIRECTORY_INVALID"
  /** A tar that is no archive of an OCI layout, that holds a link or a name that climbs, or that cannot be unpacked. */
  | "MIRROR_ARCHIVE_INVALID"
  /** The image has signatures of another scheme that the destination cannot hold. */
  | "MIRROR_SIGNATURES"
  /** The destination cannot hold what is to be copied. */
  | "MIRROR_UNSUPPORTED"
  /** The repository would expire before the time it has to be valid for. */
  | "MIRROR_EXPIRES_EARLY"
  /** The destination holds a newer release than the source. */
  | "MIRROR_DESTINATION_NEWER";

/** What an error says beside its message: the thing, what was wanted, what was got. Never a secret. */
export type MirrorErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.MirrorError");

/**
 * The only error class of this package. Faults of stores are OciErrors, of local files FileErrors, what TUF refuses is a
 * TufError: none is wrapped. Wrong arguments are TypeErrors; aborts the signal's reason.
 */
export class MirrorError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "MirrorError";
  readonly code: MirrorErrorCode;
  readonly details: MirrorErrorDetails;

  constructor(code: MirrorErrorCode, message: string, more: { details?: MirrorErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }

  /** True for a MirrorError of any copy of this package. */
  static is(value: unknown): value is MirrorError {
    return typeof value === "object" && value !== null && brand in value;
  }
}

export function archiveInvalid(archive: string, what: string, cause?: unknown): MirrorError {
  return new MirrorError("MIRROR_ARCHIVE_INVALID", `${archive} is no archive of an OCI layout: ${what}`, {
    details: { path: archive },
    cause,
  });
}
