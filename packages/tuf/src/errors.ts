/** Why TUF's rules refused something. The codes are stable; messages are for people and may be reworded. */
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

/** What an error says beside its message: the role, what was wanted, what was got. Never a secret. */
export type TufErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.TufError");

/** The only error class of this package, wrong arguments (`TypeError`) apart. */
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

  /** True for a TufError of any copy of this package. */
  static is(value: unknown): value is TufError {
    return typeof value === "object" && value !== null && brand in value;
  }
}

/** The same error, told with the place of the file that was refused. Code and details stay; `details.file` is the place. */
export function withPlace(error: TufError, place: string): TufError {
  const details = { ...error.details, file: place };
  return new TufError(error.code, `${error.message} (${place})`, { details, cause: error });
}
