/** Why an index or a content was refused. The codes are stable; messages are for people and may be reworded. */
export type DeltaErrorCode =
  /** The bytes are not a chunk index, or not one of the content that it should describe. */
  | "DELTA_INDEX_INVALID"
  /** The index has a version that this program does not know. */
  | "DELTA_INDEX_VERSION"
  /** A piece of the content is not the one that the index lists. */
  | "DELTA_CHUNK_DIFFERS"
  /** The content ended early, or has more bytes than the index says. */
  | "DELTA_LENGTH_DIFFERS"
  /** The bytes are not a patch table, or not one between the two contents. */
  | "DELTA_PATCH_INVALID"
  /** The patch table has a version, a recipe or a coding that this program does not know. */
  | "DELTA_PATCH_VERSION"
  /** A patch gave other bytes than the signed segment. */
  | "DELTA_SEGMENT_DIFFERS"
  /** An archive has other bytes in it than were signed, or was not made again byte for byte. */
  | "DELTA_ARCHIVE_DIFFERS";

export type DeltaErrorDetails = Readonly<Record<string, string | number>>;

const brand = Symbol.for("dtuf.DeltaError");

export class DeltaError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "DeltaError";
  readonly code: DeltaErrorCode;
  readonly details: DeltaErrorDetails;

  constructor(code: DeltaErrorCode, message: string, details: DeltaErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  /** Whether the value is a DeltaError of any copy of this package. */
  static is(value: unknown): value is DeltaError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
