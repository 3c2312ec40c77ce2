/** Why a signer could not be opened or did not sign. The codes are stable; messages are for people and may be reworded. */
export type SignerErrorCode =
  /** No such scheme, or the part behind it is wrong. */
  | "SIGNER_URI_INVALID"
  /** What the URI names is not there: a file, a variable, a token, a keychain entry, a key of a service. */
  | "SIGNER_NOT_FOUND"
  /** A module, a device or a service cannot be used now, or did not answer in time. */
  | "SIGNER_UNAVAILABLE"
  /** The service or the device refused: credentials, a PIN, a right. */
  | "SIGNER_REFUSED"
  /** The private key is damaged, or of a kind that cannot sign TUF metadata. */
  | "SIGNER_KEY_INVALID"
  /** The private key is another one than the public key that was asked for. */
  | "SIGNER_KEY_DIFFERS"
  | "SIGNER_PASSPHRASE_WRONG"
  /** The key is encrypted and no passphrase was given. */
  | "SIGNER_PASSPHRASE_MISSING";

export type SignerErrorDetails = Readonly<Record<string, string | number>>;

const brand = Symbol.for("dtuf.SignerError");

/** Errors of this package. They name no secret. Errors of the TUF rules (`TufError`) are passed on unchanged. */
export class SignerError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "SignerError";
  readonly code: SignerErrorCode;
  readonly details: SignerErrorDetails;

  constructor(code: SignerErrorCode, message: string, more: { details?: SignerErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }

  /** True if the value is a SignerError of any copy of this package. */
  static is(value: unknown): value is SignerError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
