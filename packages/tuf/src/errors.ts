/** Why TUF's rules refused a file. The codes are stable; messages are for people and may be reworded. */
export type TufErrorCode =
  | "TUF_MALFORMED"
  | "TUF_LIMIT_EXCEEDED"
  | "TUF_TYPE_MISMATCH"
  | "TUF_SPEC_VERSION"
  | "TUF_NAME_INVALID"
  | "TUF_KEY_INVALID"
  | "TUF_SIGNER_MISMATCH"
  | "TUF_THRESHOLD_NOT_MET"
  | "TUF_FAMILY_DROPPED"
  | "TUF_EXPIRED"
  | "TUF_ROLLBACK"
  | "TUF_VERSION_MISMATCH"
  | "TUF_HASH_MISMATCH"
  | "TUF_LENGTH_MISMATCH"
  | "TUF_OUT_OF_ORDER"
  | "TUF_ROLE_MISSING"
  | "TUF_ROOT_KEYS_MISMATCH";

/** Details of an error: the role, the wanted and the actual value. Never a secret. */
export type TufErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.TufError");

/** The only error class of this package. Wrong arguments throw a `TypeError`. */
export class TufError extends Error {
  override readonly name = "TufError";
  readonly code: TufErrorCode;
  readonly details: TufErrorDetails;

  constructor(code: TufErrorCode, message: string, more: { details?: TufErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  /** Whether the value is a TufError of any copy of this package. */
  static is(value: unknown): value is TufError {
    return typeof value === "object" && value !== null && brand in value;
  }
}

/** Returns the same error with the place of the refused file in its message. Code and details stay; `details.file` is the place. */
export function withPlace(error: TufError, place: string): TufError {
  const details = { ...error.details, file: place };
  return new TufError(error.code, `${error.message} (${place})`, { details, cause: error });
}
