/** Why work on local files failed. The codes are stable; messages are for people and may be reworded. */
export type FileErrorCode =
  /** Another process holds the lock. */
  | "FILE_LOCKED"
  /** The disk or the quota is full. */
  | "FILE_NO_SPACE"
  /** The system refuses it: a read-only file system, or no permission. */
  | "FILE_READ_ONLY"
  /** The file is larger than the reader allows. */
  | "FILE_TOO_LARGE"
  /** A link, a directory, a pipe or a device instead of a file, or a link instead of a directory. */
  | "FILE_NOT_REGULAR"
  /** It changed while it was read. */
  | "FILE_CHANGED"
  /** Any other fault; `details.errno` is the system's error name. */
  | "FILE_IO";

const brand = Symbol.for("dtuf.FileError");

/** The error class of local files: `details` has `path` and, if a system call failed, `syscall` and `errno`. */
export class FileError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "FileError";
  readonly code: FileErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: FileErrorCode,
    message: string,
    more: { details?: Readonly<Record<string, string | number>>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }

  /** Whether the value is a FileError of any copy of this package. */
  static is(value: unknown): value is FileError {
    return typeof value === "object" && value !== null && brand in value;
  }
}

const known: ReadonlyMap<string, readonly [FileErrorCode, string]> = new Map([
  ["ENOSPC", ["FILE_NO_SPACE", "no space left on the device"]],
  ["EDQUOT", ["FILE_NO_SPACE", "the disk quota is used up"]],
  ["EROFS", ["FILE_READ_ONLY", "the file system is read-only"]],
  ["EACCES", ["FILE_READ_ONLY", "permission denied"]],
  ["EPERM", ["FILE_READ_ONLY", "operation not permitted"]],
]);

/** Converts the error of a failed system call to a FileError; returns any other error unchanged. */
export function fileError(error: unknown, path: string): unknown {
  if (FileError.is(error) || !isSystemError(error)) return error;
  const errno = error.code;
  const [code, what] = known.get(errno) ?? ["FILE_IO", errno];
  const syscall = error.syscall ?? "access";
  return new FileError(code, `cannot ${syscall} ${path}: ${what}`, { details: { path, syscall, errno }, cause: error });
}

/** Runs a system call and throws its error as a FileError. @throws FileError */
export async function fileCall<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Whether a system call failed with this error name, such as `ENOENT`. */
export function isErrno(error: unknown, ...errnos: readonly string[]): boolean {
  return isSystemError(error) && errnos.includes(error.code);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && "errno" in error && "code" in error && typeof error.code === "string";
}
