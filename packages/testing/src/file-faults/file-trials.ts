/** Tries every moment at which a program can be killed, and every file call that can fail, each on new files. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "./bundle.ts";
import { armFileFault, type FileFaultKind } from "./file-faults.ts";

export interface FileTrials {
  /** Prepares the directory of each trial. Without it, the directory does not exist. */
  readonly before?: string | undefined;
  /** Throws if the directory is in a wrong state. It may change the directory. */
  readonly check: (directory: string) => Promise<void>;
}

export interface KillTrials extends FileTrials {
  /** A TypeScript file of the workspace. Its last argument is the trial's directory. */
  readonly program: string;
  readonly args?: readonly string[];
  /** Starts a process and returns true if it was killed. Default: with this Node. */
  readonly start?: (started: Started) => Promise<boolean>;
}

/** A bundled program and the module that is loaded before it. */
export interface Started {
  readonly preload: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface FailTrials extends Omit<FileTrials, "check"> {
  readonly run: (directory: string) => Promise<void>;
  readonly kind: Exclude<FileFaultKind, "kill">;
  /** `outcome`: "fine", or the code of the error that the run threw. */
  readonly check: (directory: string, outcome: string) => Promise<void>;
}

const execute = promisify(execFile);

/** An ordinary run tries so many moments; with DTUF_EVERY_MOMENT=1 (`pnpm kills`) every one is tried. */
const ordinaryMoments = 25;

/** At equal distances from the last one, and each of so many at the end, where work gets its name. */
function chooseMoments(count: number, atEnd: number): number[] {
  const spread = ordinaryMoments - atEnd;
  const distance = process.env["DTUF_EVERY_MOMENT"] === "1" ? 1 : Math.ceil(count / spread);
  const all = Array.from({ length: count }, (_, index) => count - index);
  return all.filter((_, index) => index % distance === 0 || index < atEnd);
}

/**
 * Kills a process of the program at the changes that it makes to its directory, and verifies the directory after each kill
 * and after a complete run. Of more than 25 changes an ordinary run takes at most 25.
 * @returns how many changes there are
 */
export async function killAtEachChange(trials: KillTrials): Promise<number> {
  const { args = [], before, check } = trials;
  await using folder = await createFolder();
  const run = await prepare(trials, folder.path);
  const countFile = join(folder.path, "count");

  async function tryMoment(at: number | undefined): Promise<void> {
    const directory = join(folder.path, `trial-${at ?? "whole"}`);
    if (before !== undefined) await cp(before, directory, { recursive: true });
    const killed = await run([...args, directory], {
      DTUF_KILL_ROOT: directory,
      ...(at === undefined ? { DTUF_KILL_COUNT_FILE: countFile } : { DTUF_KILL_AT: String(at) }),
    });
    if (killed !== (at !== undefined))
      throw new Error(killed ? "killed, and should not" : "ended before it was killed");
    await check(directory);
    await rm(directory, { recursive: true, force: true });
  }

  await tryMoment(undefined);
  const moments = Number(await readFile(countFile, "utf8"));
  const queue = chooseMoments(moments, 0);
  const work = async (): Promise<void> => {
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      await tryMoment(at).catch((cause: unknown) => {
        queue.length = 0;
        fail(`killed at moment ${at} of ${moments}`, cause);
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: availableParallelism() }, work));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return moments;
}

/**
 * Makes each file call of a run in this process that can have the fault fail in turn, and verifies the directory and that
 * no file is left open. Verifies a complete run too. Of more than 25 calls an ordinary run takes at most 25.
 * @returns how many calls there are
 */
export async function failAtEachCall({ before, run, kind, check }: FailTrials): Promise<number> {
  await using folder = await createFolder();

  async function tryCall(at: number | undefined): Promise<number> {
    const directory = join(folder.path, `trial-${at ?? "whole"}`);
    if (before !== undefined) await cp(before, directory, { recursive: true });
    const fault = await armFileFault({ root: directory, kind, at });
    const outcome = await run(directory).then(() => "fine", codeOf);
    const openFiles = fault.countOpenFiles();
    fault.disarm();
    if (openFiles > 0) throw new Error(`files left open: ${openFiles}`);
    await check(directory, outcome);
    await rm(directory, { recursive: true, force: true });
    return fault.count();
  }

  const calls = await tryCall(undefined);
  for (const at of chooseMoments(calls, 10)) {
    await tryCall(at).catch((cause: unknown) => fail(`${kind} at call ${at} of ${calls}`, cause));
  }
  return calls;
}

type Run = (args: readonly string[], env: Readonly<Record<string, string>>) => Promise<boolean>;

/** One file and a compile cache, so that a process costs only Node's start and the program's own work. */
async function prepare({ program, start = startHere }: KillTrials, folder: string): Promise<Run> {
  const inputs = { program, preload: join(import.meta.dirname, "preload.ts") };
  const { program: file = "", preload = "" } = await bundle(inputs, join(folder, "program"));
  return (args, fault) => start({ preload, file, args, env: { ...fault, NODE_COMPILE_CACHE: join(folder, "cache") } });
}

async function startHere({ preload, file, args, env }: Started): Promise<boolean> {
  try {
    await execute(process.execPath, ["--import", preload, file, ...args], { env: { ...process.env, ...env } });
    return false;
  } catch (error) {
    if (error instanceof Error && "signal" in error && error.signal === "SIGKILL") return true;
    throw error;
  }
}

interface Folder extends AsyncDisposable {
  readonly path: string;
}

async function createFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "dtuf-trials-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function fail(message: string, cause: unknown): never {
  throw new Error(message, { cause });
}
