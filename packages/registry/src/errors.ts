/** Why an OCI operation failed. The codes are stable; messages are for people and may be reworded. */
export type OciErrorCode =
  | "OCI_REFERENCE_INVALID"
  | "OCI_DIGEST_INVALID"
  | "OCI_TAG_INVALID"
  | "OCI_DESCRIPTOR_INVALID"
  | "OCI_MANIFEST_INVALID"
  | "OCI_DIGEST_MISMATCH"
  | "OCI_SIZE_MISMATCH"
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
  | "OCI_UNSUPPORTED";

/** What an error says beside its message: the thing, what was wanted, what was got. Never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | readonly string[]>>;

const brand = Symbol.for("dtuf.OciError");

/**
 * What this package throws, faults of local files (FileError), wrong arguments (`TypeError`) and aborts (the signal's
 * reason) apart.
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

  /** True for an OciError of any copy of this package. */
  static is(value: unknown): value is OciError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
