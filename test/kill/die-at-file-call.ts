/**
 * Preloaded into a program (`node --import`): kills it with SIGKILL at the DIE_AT-th call that touches a file, counted
 * from 1; a write is cut in half first. With FULL_AT the disk is full from that call on. Without either the calls are
 * counted and their number printed at the end.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";

const dieAt = Number(process.env["DIE_AT"] ?? Number.POSITIVE_INFINITY);
const fullAt = Number(process.env["FULL_AT"] ?? Number.POSITIVE_INFINITY);
const needsSpace: ReadonlySet<string> = new Set(["write", "mkdir", "link", "datasync"]);
let calls = 0;

type Call = (...args: unknown[]) => Promise<unknown>;

function patch(
  owner: Record<string, unknown>,
  name: string,
  cut?: (call: Call, args: unknown[]) => Promise<unknown>,
): void {
  const original = owner[name] as Call;
  owner[name] = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    calls++;
    if (calls === dieAt) {
      await cut?.(original.bind(this), args);
      process.kill(process.pid, "SIGKILL");
    }
    if (calls >= fullAt && needsSpace.has(name)) throw noSpace(name);
    return original.apply(this, args);
  };
}

function noSpace(syscall: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, ${syscall}`), {
    code: "ENOSPC",
    errno: -28,
    syscall,
  });
}

const promises = fs.promises as unknown as Record<string, unknown>;
const probe = await fs.promises.open(import.meta.filename);
const handle = Object.getPrototypeOf(probe) as Record<string, unknown>;
await probe.close();

for (const name of ["open", "rename", "unlink", "mkdir", "rm", "link", "utimes"]) patch(promises, name);
for (const name of ["sync", "datasync"]) patch(handle, name);
patch(handle, "write", async (write, [chunk, offset]) => {
  if (!(chunk instanceof Uint8Array)) return undefined;
  const from = Number(offset ?? 0);
  return write(chunk.subarray(from, from + Math.ceil((chunk.length - from) / 2)));
});
syncBuiltinESMExports();

process.on("exit", () => {
  if (dieAt === Number.POSITIVE_INFINITY && fullAt === dieAt) process.stdout.write(`${calls}\n`);
});
