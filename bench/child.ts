/** One command as a user runs it: wall time, CPU and peak memory of it and of everything it starts. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Killed after this many milliseconds. */
  readonly timeoutMs?: number;
}

export interface Sample {
  readonly ms: number;
  /** User and system time, as the shell counts it. */
  readonly cpuMs: number;
  /** The largest VmHWM of a process among the command's. */
  readonly peakKiB: number;
  readonly stdout: string;
}

/** A command that did not end with status 0. */
export class CommandError extends Error {}

const pollMs = 10;

/** @throws CommandError with the end of its stderr */
export async function runCommand(command: Command): Promise<Sample> {
  const { argv, cwd, env = {}, timeoutMs } = command;
  // bash alone tells the CPU time of a whole pipeline.
  const script = 'TIMEFORMAT="dtuf-bench-cpu %3U %3S"; time "$@"';
  const begun = performance.now();
  const child = spawn("bash", ["-c", script, "bash", ...argv], {
    ...(cwd === undefined ? {} : { cwd }),
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { promise: exited, resolve } = Promise.withResolvers<{ ms: number; status: number }>();
  child.on("exit", (code) => resolve({ ms: performance.now() - begun, status: code ?? 128 }));
  child.on("error", () => resolve({ ms: 0, status: 127 }));
  let peakKiB = 0;
  const look = (): void => {
    peakKiB = Math.max(peakKiB, ...descendants(child.pid ?? 0).map(peakOf));
  };
  const poll = setInterval(look, pollMs);
  const kill = (): void => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
  const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs);
  const [stdout, stderr, { ms, status }] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  clearInterval(poll);
  clearTimeout(timer);
  if (status !== 0) {
    const said = stderr.replace(/\ndtuf-bench-cpu.*/, "").trim();
    throw new CommandError(status === 128 ? "was stopped" : said.split("\n").slice(-2).join(" ").slice(-300));
  }
  const [, user = "0", system = "0"] = /dtuf-bench-cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  return { ms, cpuMs: (Number(user) + Number(system)) * 1000, peakKiB, stdout };
}

/** What the shell has started, and what that has. */
function descendants(pid: number): readonly number[] {
  const children = readProc(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return [...children, ...children.flatMap(descendants)];
}

function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readProc(`${pid}/status`))?.[1] ?? 0);
}

/** Empty where the process has ended meanwhile. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}
