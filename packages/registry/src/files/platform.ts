/** What Windows does otherwise than other systems, in one place (docs/decisions/0008-platforms.md). */
import { lstat, rename } from "node:fs/promises";
import { platform } from "node:os";
import { setTimeout } from "node:timers/promises";
import { isErrno } from "./errors.ts";

/**
 * Whether this is how the system says that it has no fsync for directories: some network file systems, and Windows,
 * which opens a directory for reading only and flushes nothing that is not open for writing.
 */
export function isWithoutDirectorySync(error: unknown, system: string): boolean {
  return isErrno(error, "EINVAL", "ENOTSUP") || (system === "win32" && isErrno(error, "EPERM", "EISDIR", "EACCES"));
}

/**
 * Whether a link stands at the name and opening would follow it: Windows has no O_NOFOLLOW, so there the name is looked at
 * first.
 */
export async function isLinkThatOpenFollows(path: string, system: string = platform()): Promise<boolean> {
  return system === "win32" && (await lstat(path)).isSymbolicLink();
}

/** Names that are devices in every directory of Windows, whatever follows a dot or a space. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;
/** `:` begins an alternate stream of a file, and Windows takes dots and spaces away from the end of a name. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const refusedByWindows = /[\0-\x1f<>:"/\\|?*]|[. ]$/;

/**
 * Whether a name can be that of one file in a directory: none that leads elsewhere, and on Windows none that the system
 * keeps for a device, reads as a path or a stream, or changes.
 * @param system Node's word for it. Default: this one
 */
export function isFileName(name: string, system: string = platform()): boolean {
  if (name === "" || name === "." || name === ".." || /[\0/]/.test(name)) return false;
  return system !== "win32" || !(refusedByWindows.test(name) || device.test(name));
}

export interface RenameOptions {
  /** Node's word for the system. Default: this one. */
  readonly system?: string;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

const firstPauseMs = 10;
const longestPauseMs = 200;
/** Virus scanners and indexers hold a new file for less than a second. */
const patienceMs = 3000;

/**
 * Renames a file or a directory, over what is there. Windows refuses that while another process holds one of the two open
 * without sharing it: there it is tried again, for three seconds at most.
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
