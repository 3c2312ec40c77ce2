/** Differences of Windows from other systems, in one place (docs/decisions/0008-platforms.md). */
import { lstat, rename } from "node:fs/promises";
import { platform } from "node:os";
import { setTimeout } from "node:timers/promises";
import { isErrno } from "./errors.ts";

/**
 * Whether the error means that the system has no fsync for directories: some network file systems, and Windows,
 * which opens a directory for reading only and flushes only files that are open for writing.
 */
export function isWithoutDirectorySync(error: unknown, system: string): boolean {
  return isErrno(error, "EINVAL", "ENOTSUP") || (system === "win32" && isErrno(error, "EPERM", "EISDIR", "EACCES"));
}

/**
 * Whether the name is a link that opening would follow: Windows has no O_NOFOLLOW, so there the name is examined
 * first.
 */
export async function isLinkThatOpenFollows(path: string, system: string = platform()): Promise<boolean> {
  return system === "win32" && (await lstat(path)).isSymbolicLink();
}

/** Names of devices in every directory of Windows, also with a suffix after a dot or a space. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;
/** `:` starts an alternate stream of a file, and Windows removes dots and spaces at the end of a name. */
// oxlint-disable-next-line no-control-regex -- searches for control characters
const refusedByWindows = /[\0-\x1f<>:"/\\|?*]|[. ]$/;

/**
 * Whether a name can be that of one file in a directory: it leads to no other directory, and Windows does not reserve it
 * for a device, parse it as a path or a stream, or change it.
 * @param system the value of Node's `process.platform`. Default: the current one
 */
export function isFileName(name: string, system: string = platform()): boolean {
  if (name === "" || name === "." || name === ".." || /[\0/]/.test(name)) return false;
  return system !== "win32" || !(refusedByWindows.test(name) || device.test(name));
}

export interface RenameOptions {
  /** The value of Node's `process.platform`. */
  readonly system?: string;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

const firstPauseMs = 10;
const longestPauseMs = 200;
/** Virus scanners and indexers hold a new file open for less than a second. */
const patienceMs = 3000;

/**
 * Renames a file or a directory and replaces an existing one. Windows refuses this while another process holds one of
 * the two open without sharing; the rename is then retried for at most three seconds.
 * @throws the system's error
 */
export async function renameWithRetries(from: string, to: string, options: RenameOptions = {}): Promise<void> {
  const { system = platform(), sleep = setTimeout } = options;
  for (let waitedMs = 0, pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await rename(from, to);
    } catch (error) {
      const mayPass = system === "win32" && isErrno(error, "EPERM", "EACCES", "EBUSY");
      if (!mayPass || waitedMs >= patienceMs) throw error;
    }
    await sleep(pauseMs);
    waitedMs += pauseMs;
  }
}
