import { rename } from "node:fs/promises";
import { platform } from "node:os";
import { setTimeout } from "node:timers/promises";
import { isErrno } from "./errors.ts";

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
