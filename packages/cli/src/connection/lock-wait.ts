import type { LockWait } from "@dtuf/registry/files";
import type { Context } from "../context/command.ts";

export function describeWait({ path, pid }: LockWait): string {
  return pid === undefined ? `Waiting for another process (${path})` : `Waiting for process ${pid} (${path})`;
}

export function tellWait({ terminal }: Context): (wait: LockWait) => void {
  return (wait) => terminal.note(describeWait(wait));
}
