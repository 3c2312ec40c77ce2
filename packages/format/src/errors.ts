/** Why a layout in an OCI repository cannot be read or made. The codes are stable. */
export type FormatErrorCode =
  | "FORMAT_NOT_A_REPOSITORY"
  | "FORMAT_TARGET_BLOBS_INVALID"
  | "FORMAT_MANIFEST_TOO_LARGE"
  | "FORMAT_ROOT_CHAIN_INVALID"
  | "FORMAT_PROPOSAL_INVALID";

export type FormatErrorDetails = Readonly<Record<string, string | number>>;

const brand = Symbol.for("dtuf.FormatError");

export class FormatError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "FormatError";
  readonly code: FormatErrorCode;
  readonly details: FormatErrorDetails;

  constructor(code: FormatErrorCode, message: string, more: { details?: FormatErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }

  /** Whether the value is a FormatError of any copy of this package. */
  static is(value: unknown): value is FormatError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
