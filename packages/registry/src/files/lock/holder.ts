import { readFile, stat } from "node:fs/promises";

/** The offset of SQLite's lock bytes, which no database uses for data (https://sqlite.org/fileformat2.html, the lock-byte page). */
const lockBytesStart = 0x40000000;

/**
 * Returns the process that holds the lock file, or undefined if the system does not say (only Linux does) or the process is
 * not visible from here (another container, another machine).
 */
export async function findHolder(path: string): Promise<number | undefined> {
  try {
    const [{ ino }, locks] = await Promise.all([stat(path), readFile("/proc/locks", "utf8")]);
    for (const line of locks.split("\n")) {
      const [, pid, inode, start] = /POSIX +ADVISORY +\w+ +(\d+) +\S+:(\d+) (\d+)/.exec(line) ?? [];
      if (Number(inode) === ino && Number(start) >= lockBytesStart && Number(pid) > 0) return Number(pid);
    }
  } catch {
    // The result is only used in a message, so errors are ignored.
  }
  return undefined;
}
