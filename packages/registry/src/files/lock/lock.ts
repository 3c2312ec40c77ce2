/**
 * An exclusive lock between processes, held by the kernel: it is released when its process ends for any reason, so there are
 * no stale locks (docs/decisions/0009-locks-in-every-runtime.md). It is SQLite's lock on a file that stays empty,
 * which also excludes two holders in one process. Not re-entrant. No other code may open the lock file, because closing any
 * other descriptor of it would release the lock (POSIX).
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, unlink } from "node:fs/promises";
import { platform } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createAtomicFile } from "../atomic-file.ts";
import { fileCall, FileError, fileError, isErrno, type FileErrorCode } from "../errors.ts";
import { findHolder } from "./holder.ts";
import { loadSqlite, type HeldLock, type SqliteFault } from "./sqlite.ts";

/** Reported once, after a second of waiting. */
export interface LockWait {
  readonly path: string;
  /** The process that holds the lock; undefined if the system does not say. */
  readonly pid: number | undefined;
}

export interface LockOptions {
  /** What to do if another process holds the lock. */
  readonly wait: "wait" | "fail";
  /** Maximum wait. Default: two minutes. */
  readonly timeoutMs?: number | undefined;
  readonly onWait?: ((wait: LockWait) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** "remove": for a lock file among a user's own files, it is removed when the work has ended. Default "keep". */
  readonly file?: "keep" | "remove" | undefined;
}

const firstPauseMs = 2;
const longestPauseMs = 50;
const toldAfterMs = 1000;
const defaultTimeoutMs = 120_000;

/**
 * Runs `work` while holding the lock file at `path`, which is created if it does not exist. All callers of one lock must agree on
 * `file`. Bytes that a power cut left in a lock file are removed.
 * @throws FileError FILE_LOCKED if another process holds it (after the wait, if any), FILE_READ_ONLY, FILE_NOT_REGULAR,
 * FILE_IO with errno ENOLCK on a file system without locks; the signal's reason
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const lock = await acquire(resolve(path), options);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function acquire(path: string, options: LockOptions): Promise<HeldLock> {
  const { wait, timeoutMs = defaultTimeoutMs, onWait, signal, sleep = defaultSleep, file = "keep" } = options;
  const attempt = file === "keep" ? attemptKept : attemptRemoved;
  signal?.throwIfAborted();
  await refuseOthers(path);
  let told = false;
  for (let waitedMs = 0, pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const lock = await tryLock(path, attempt);
    if (lock !== undefined) return lock;
    if (waitedMs === 0) await verifyLocksWork(path);
    if (wait === "fail" || waitedMs >= timeoutMs) throw await locked(path, waitedMs);
    if (!told && waitedMs >= toldAfterMs) {
      told = true;
      onWait?.({ path, pid: await findHolder(path) });
    }
    await sleep(pauseMs, signal);
    waitedMs += pauseMs;
  }
}

async function locked(path: string, waitedMs: number): Promise<FileError> {
  const pid = await findHolder(path);
  const holder = pid === undefined ? "another process" : `process ${pid}`;
  const waited = waitedMs < toldAfterMs ? "" : `; waited ${Math.round(waitedMs / 1000)} s for it`;
  return new FileError("FILE_LOCKED", `${path} is locked by ${holder}${waited}`, {
    details: { path, waitedMs, ...(pid === undefined ? {} : { pid }) },
  });
}

/** SQLite would follow a link and create a file at its target, and wait on a pipe. */
async function refuseOthers(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isFile()) return;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw fileError(error, path);
  }
  throw notRegular(path);
}

function notRegular(path: string): FileError {
  return new FileError("FILE_NOT_REGULAR", `cannot lock ${path}: not a regular file`, { details: { path } });
}

/** Locks that this process holds or is acquiring: one attempt at a time, so that `emptyFile` never releases its own lock. */
const taken = new Set<string>();

async function tryLock(path: string, attempt: typeof attemptKept): Promise<HeldLock | undefined> {
  if (taken.has(path)) return undefined;
  taken.add(path);
  let lock: HeldLock | undefined;
  try {
    lock = await attempt(path);
  } finally {
    if (lock === undefined) taken.delete(path);
  }
  return lock && { release: () => lock.release().finally(() => taken.delete(path)) };
}

/**
 * As `attemptKept`. The file that was locked must still be the one at the path: its holder may have removed it meanwhile, and then another
 * process may hold a new one. A file is removed only by its holder. SQLite creates it, because closing a descriptor of it here would
 * release a lock that this process holds by another spelling of the path.
 */
async function attemptRemoved(path: string): Promise<HeldLock | undefined> {
  let before = await identify(path);
  if (before === undefined) {
    await (await attemptKept(path))?.release();
    before = await identify(path);
  }
  const lock = await attemptKept(path);
  if (lock === undefined) return undefined;
  if (before === undefined || before !== (await identify(path))) {
    await lock.release();
    return undefined;
  }
  return {
    async release() {
      const isRemoved = await remove(path);
      await lock.release();
      // Windows removes no file that is open: neither ours before, nor now one that another process has locked.
      if (!isRemoved && platform() === "win32") await remove(path);
    },
  };
}

/** An empty file that stays is no failure of the work. */
function remove(path: string): Promise<boolean> {
  return unlink(path).then(
    () => true,
    () => false,
  );
}

/** The birth time, because a file system gives the number of a removed file to a new one. */
async function identify(path: string): Promise<string | undefined> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  return found && [found.dev, found.ino, found.birthtimeNs].join(" ");
}

/** Returns undefined if another process holds the lock. */
async function attemptKept(path: string): Promise<HeldLock | undefined> {
  const sqlite = await loadSqlite();
  for (let emptied = false; ; emptied = true) {
    const found = await sqlite.lock(path);
    if ("release" in found) return found;
    if (found.code === sqliteBusy) return undefined;
    if (found.code === sqliteCannotOpen) await verifyWritable(path);
    if (!worthless.includes(found.code) || emptied) throw lockError(found, path);
    await emptyFile(path);
  }
}

/**
 * Removes bytes that a power cut left in a lock file. The file is emptied and not replaced, because another process may be
 * locking the same file. A file with a second name is not emptied, because it may belong to someone else.
 */
async function emptyFile(path: string): Promise<void> {
  const { O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  await fileCall(path, async () => {
    const file = await open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile() || found.nlink !== 1) throw notRegular(path);
      await file.truncate(0);
    } finally {
      await file.close();
    }
  });
}

/** Without locks in the file system, SQLite reports every file as busy, even a new one that no other process can use. */
async function verifyLocksWork(path: string): Promise<void> {
  const probe = join(dirname(path), `.dtuf-tmp-${randomBytes(8).toString("hex")}`);
  const found = await (await loadSqlite()).lock(probe);
  if ("release" in found) await found.release();
  await unlink(probe).catch(() => undefined);
  if (!("code" in found) || found.code !== sqliteBusy) return;
  throw new FileError("FILE_IO", `cannot lock ${path}: the file system has no locks`, {
    details: { path, syscall: "lock", errno: "ENOLCK" },
  });
}

/** SQLite does not report why it cannot create the file, so another file is created beside it to get the system's error. */
async function verifyWritable(path: string): Promise<void> {
  try {
    await (await createAtomicFile(path)).abort();
  } catch (error) {
    if (FileError.is(error) && error.code === "FILE_READ_ONLY") throw error;
  }
}

const sqliteBusy = 5;
const sqliteCannotOpen = 14;
/** SQLITE_CORRUPT, SQLITE_NOTADB */
const worthless: readonly (number | undefined)[] = [11, 26];
const codes: ReadonlyMap<number | undefined, FileErrorCode> = new Map([
  [8, "FILE_READ_ONLY"],
  [13, "FILE_NO_SPACE"],
]);

function lockError({ code, message }: SqliteFault, path: string): FileError {
  return new FileError(codes.get(code) ?? "FILE_IO", `cannot lock ${path}: ${message}`, {
    details: { path, syscall: "lock" },
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
