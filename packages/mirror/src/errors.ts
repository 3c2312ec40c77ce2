/**
 * Reasons why copying was refused or could not continue. The codes are stable; messages are for people and may be
 * reworded.
 */
export type MirrorErrorCode =
  /** The source definitely answered that the image does not exist. */
  | "MIRROR_IMAGE_MISSING"
  /** A manifest names content that the source does not have. */
  | "MIRROR_CONTENT_MISSING"
  /** The destination accepted content, but does not have it. Only `--verify` looks. */
  | "MIRROR_NOT_KEPT"
  /** The index has no image of a requested platform. */
  | "MIRROR_PLATFORM_MISSING"
  /** The source has no image that matches the selection. */
  | "MIRROR_NOTHING_TO_SYNC"
  /** Two images would be written to one destination. */
  | "MIRROR_COLLISION"
  /** A source or destination is malformed, or its name cannot be used at the destination. */
  | "MIRROR_PLACE_INVALID"
  /** The YAML list is malformed, for example by an unknown key or a wrong type. */
  | "MIRROR_LIST_INVALID"
  /** A regular expression, version constraint or platform is malformed. */
  | "MIRROR_PATTERN_INVALID"
  /** A directory is not an image in skopeo's form, or has other files. */
  | "MIRROR_DIRECTORY_INVALID"
  /** A tar is not an archive of an OCI layout, has a link or a name that leads out of it, or cannot be unpacked. */
  | "MIRROR_ARCHIVE_INVALID"
  /** The image has simple signing signatures, which the destination cannot hold. */
  | "MIRROR_SIGNATURES"
  /** The source or the destination does not support the operation or the content. */
  | "MIRROR_UNSUPPORTED"
  /** The repository expires before the required time. */
  | "MIRROR_EXPIRES_EARLY"
  /** The destination has a newer release than the source. */
  | "MIRROR_DESTINATION_NEWER";

/** Details of an error: the thing, the wanted value, the actual value. Never a secret. */
export type MirrorErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.MirrorError");

/**
 * The only error class of this package. Failures of stores are OciErrors, of local files FileErrors, refusals by TUF's rules
 * TufErrors: none is wrapped. Wrong arguments are TypeErrors; an abort throws the signal's reason.
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

/** It is a layout, but bytes of it are other ones than were packed. */
export function archiveDamaged(archive: string, what: string): MirrorError {
  return new MirrorError("MIRROR_ARCHIVE_INVALID", `a blob in ${archive} was damaged or changed: ${what}`, {
    details: { path: archive },
  });
}

export function archiveInvalid(archive: string, what: string, cause?: unknown): MirrorError {
  return new MirrorError("MIRROR_ARCHIVE_INVALID", `${archive} is not an archive of an OCI layout: ${what}`, {
    details: { path: archive },
    cause,
  });
}
