import { readFile, stat } from "node:fs/promises";

/** Where in a file SQLite locks: bytes that no database has (https://sqlite.org/fileformat2.html, the lock-byte page). */
const lockBytesStart = 0x40000000;

/**
 * The process that holds the lock file, as the kernel tells it; undefined: the system does not say (only Linux does), or
 * the process is not seen from here (another container, another machine).
 */
export async function findHolder(path: string): Promise<number | undefined> {
  try {
    const [{ ino }, locks] = await Promise.all([stat(path), readFile("/proc/locks", "utf8")]);
    for (const line of locks.split("\n")) {
      const [, pid, inode, start] = /POSIX +ADVISORY +\w+ +(\d+) +\S+:(\d+) (\d+)/.exec(line) ?? [];
      if (Number(inode) === ino && Number(start) >= lockBytesStart && Number(pid) > 0) return Number(pid);
    }
  } catch {
    // It is only for a message.
  }
  return undefined;
}
