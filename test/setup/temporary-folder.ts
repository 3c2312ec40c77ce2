/**
 * The folder of all temporary files of a run, in memory if there is room: on a disk the tests would wait for it to flush,
 * and a disk proves nothing more, because the tests that cut the power lose what was not flushed themselves.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const memory = "/dev/shm";
const roomMinBytes = 4 * 2 ** 30;

/** Sets TMPDIR; the folder lies in the one that it named. It is removed when the process ends. */
export function useTemporaryFolder(): string {
  const own = `dtuf-run-${process.getuid?.() ?? 0}-`;
  const { TMPDIR: given } = process.env;
  // vitest reads its configuration more than once.
  if (given?.includes(`${own}${process.pid}-`) === true) return given;
  const parent = given === undefined && hasRoom() ? memory : tmpdir();
  removeDeadRuns(parent, own);
  const folder = mkdtempSync(join(parent, `${own}${process.pid}-`));
  // Some tests become another user.
  chmodSync(folder, 0o755);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.env["TMPDIR"] = folder;
  return folder;
}

/** Programs must be able to run there too. */
function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory);
    const options = new RegExp(`^\\S+ ${memory} \\S+ (\\S+)`, "m").exec(readFileSync("/proc/mounts", "utf8"))?.[1];
    return bavail * bsize >= roomMinBytes && options?.split(",").includes("noexec") === false;
  } catch {
    return false;
  }
}

/** What runs left behind that were killed: the folder has the process's id in its name. */
function removeDeadRuns(parent: string, own: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(own) || isAlive(Number.parseInt(name.slice(own.length)))) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
