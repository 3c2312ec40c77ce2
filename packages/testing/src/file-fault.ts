/** Runs a program and makes one of its file system calls fail, or be its last (file-fault-preload.ts). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** `kill` strikes before the call, in the middle of it where it is a write. */
export type FileFaultKind = "kill" | "kill-after" | "ENOSPC" | "EDQUOT" | "EIO" | "EROFS" | "EACCES";

export interface FaultyRun {
  /** A TypeScript or JavaScript file of the workspace, and its arguments. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Only calls on this directory and what is below count. */
  readonly root: string;
  /** Which call is struck, from 1. Without it the run is only counted. */
  readonly fault?: { readonly call: number; readonly kind: FileFaultKind } | undefined;
}

export interface FaultyRunResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** How many calls there were; undefined where the process was killed. */
  readonly calls: number | undefined;
}

export async function runWithFileFault({ program, args = [], env, root, fault }: FaultyRun): Promise<FaultyRunResult> {
  const folder = await mkdtemp(join(tmpdir(), "dtuf-fault-"));
  const countFile = join(folder, "count");
  try {
    const preload = new URL("file-fault-preload.ts", import.meta.url).href;
    const child = spawn(process.execPath, ["--conditions=@dtuf/source", "--import", preload, program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        ...env,
        DTUF_FAULT_ROOT: root,
        DTUF_FAULT_COUNT_FILE: countFile,
        ...(fault === undefined ? {} : { DTUF_FAULT_CALL: String(fault.call), DTUF_FAULT_KIND: fault.kind }),
      },
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    const calls = await readFile(countFile, "utf8").then(Number, () => undefined);
    return { exitCode: child.exitCode, signal: child.signalCode, stdout, stderr, calls };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
