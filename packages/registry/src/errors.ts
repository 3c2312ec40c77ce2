/** Why an OCI operation failed. The codes are stable; messages are for people and may be reworded. */
export type OciErrorCode =
  | "OCI_REFERENCE_INVALID"
  | "OCI_DIGEST_INVALID"
  | "OCI_TAG_INVALID"
  | "OCI_DESCRIPTOR_INVALID"
  | "OCI_MANIFEST_INVALID"
  | "OCI_DIGEST_MISMATCH"
  | "OCI_SIZE_MISMATCH"
  | "OCI_HASHING_FAILED"
  | "OCI_LIMIT_EXCEEDED"
  | "OCI_NOT_FOUND"
  | "OCI_LAYOUT_INVALID"
  | "OCI_UNAUTHORIZED"
  | "OCI_FORBIDDEN"
  | "OCI_STATUS"
  | "OCI_RESPONSE_INVALID"
  | "OCI_UNAVAILABLE"
  | "OCI_REDIRECT_REFUSED"
  | "OCI_REALM_REFUSED"
  | "OCI_INSECURE_CREDENTIALS"
  | "OCI_CREDENTIALS_UNAVAILABLE"
  | "OCI_UNSUPPORTED"
  | "OCI_TAG_IMMUTABLE";

/** Details of an error: the thing, the wanted and the actual value. Never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.OciError");

/**
 * The error class of this package. Faults of local files are FileErrors, wrong arguments `TypeError`s, and an abort throws
 * the signal's reason.
 */
export class OciError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "OciError";
  readonly code: OciErrorCode;
  readonly details: ErrorDetails;

  constructor(code: OciErrorCode, message: string, more: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }

  /** Whether the value is an OciError of any copy of this package. */
  static is(value: unknown): value is OciError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
