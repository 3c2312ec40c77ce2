/**
 * An exclusive lock between processes, held by the kernel: it ends with its process, however that ends, so there is no
 * stale lock to judge (docs/decisions/0002-kernel-held-locks.md). It is SQLite's lock on a file that stays empty, which
 * also excludes two holders in one process. Not re-entrant. Nobody else may open the lock file: closing any other
 * descriptor of it would drop the lock (POSIX).
 */
import { lstat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { createAtomicFile } from "./atomic-file.ts";
import { FileError, fileError, isErrno, type FileErrorCode } from "./errors.ts";

export interface LockOptions {
  /** What to do where another holds it. */
  readonly wait: "wait" | "fail";
  /** The longest wait. Default: until `signal` says stop. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

const firstPauseMs = 2;
const longestPauseMs = 50;

/**
 * Runs `work` while holding the lock file at `path`, which is created where it is not there and never removed.
 * @throws FileError FILE_LOCKED where another holds it (and the wait, if any, is over), FILE_READ_ONLY; the signal's reason
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const lock = await acquire(path, options);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function acquire(path: string, options: LockOptions): Promise<DatabaseSync> {
  const { wait, timeoutMs = Number.POSITIVE_INFINITY, signal, sleep = defaultSleep } = options;
  signal?.throwIfAborted();
  await refuseLink(path);
  for (let waitedMs = 0, pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const lock = await tryLock(path);
    if (lock !== undefined) return lock;
    if (wait === "fail" || waitedMs >= timeoutMs) {
      throw new FileError("FILE_LOCKED", `${path} is locked by another process`, { details: { path, waitedMs } });
    }
    await sleep(pauseMs, signal);
    waitedMs += pauseMs;
  }
}

/** SQLite would follow a link and create a file where it leads. */
async function refuseLink(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isFile()) return;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw fileError(error, path);
  }
  throw new FileError("FILE_IO", `cannot lock ${path}: not a regular file`, { details: { path } });
}

async function tryLock(path: string): Promise<DatabaseSync | undefined> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // With the journal in memory and nothing ever written, the file stays empty and has no companions.
    database.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    const code = primaryResultCode(error);
    if (code === sqliteBusy) return undefined;
    if (code === sqliteCannotOpen) await verifyWritable(path);
    throw lockError(error, path);
  }
}

/** SQLite does not say why it cannot make the file; the system says so to whoever makes another one beside it. */
async function verifyWritable(path: string): Promise<void> {
  try {
    await (await createAtomicFile(path)).abort();
  } catch (error) {
    if (FileError.is(error) && error.code === "FILE_READ_ONLY") throw error;
  }
}

const sqliteBusy = 5;
const sqliteCannotOpen = 14;
const codes: ReadonlyMap<number | undefined, FileErrorCode> = new Map([
  [8, "FILE_READ_ONLY"],
  [13, "FILE_NO_SPACE"],
]);

/** https://sqlite.org/rescode.html: the low byte; the rest only says more. */
function primaryResultCode(error: unknown): number | undefined {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : undefined;
}

function lockError(cause: unknown, path: string): FileError {
  const code = codes.get(primaryResultCode(cause)) ?? "FILE_IO";
  return new FileError(code, `cannot lock ${path}: ${cause instanceof Error ? cause.message : "unknown fault"}`, {
    details: { path, syscall: "lock" },
    cause,
  });
}

async function defaultSleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
