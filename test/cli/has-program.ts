import { spawnSync } from "node:child_process";

/** Whether this machine has the program. */
export function hasProgram(name: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$0"', name]).status === 0;
}
