/**
 * Runs programs of the workspace on Windows' Node under Wine. Wine gives that Node no usable standard output and no
 * sockets, and pnpm's symbolic links lead nowhere there: so each program is one bundled file, started by `start.ts`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "@dtuf/testing/file-faults/bundle";

const workspace = join(import.meta.dirname, "../../..");
const cache = join(workspace, ".cache/windows");
const runMaxMs = 120_000;

export interface Windows {
  /** Of its Node. */
  readonly version: string;
  /** @param program a bundled file. Paths begin with `/`: drive Z: is the root directory. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Ended>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the workspace. */
  readonly cwd?: string;
  /** Loaded first. */
  readonly preload?: string;
}

export interface Ended {
  /** "killed": it ended without an exit. */
  readonly status: number | "killed";
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws TypeError that says what is missing */
export async function openWindows(folder: string): Promise<Windows> {
  const wine = await findFirst("Wine", "DTUF_WINE", ["/usr/lib/wine/wine64", "/usr/bin/wine64"]);
  const node = await findFirst("Windows' Node", "DTUF_WINDOWS_NODE", [join(cache, "package/bin/node.exe")]);
  const start = await bundle({ start: join(import.meta.dirname, "start.ts") }, join(folder, "start"));
  await mkdir(cache, { recursive: true });
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    WINEPREFIX: join(cache, "prefix"),
    WINEARCH: "win64",
    WINEDEBUG: "-all",
    NODE_SKIP_PLATFORM_CHECK: "1",
  };
  let runs = 0;

  async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const report = join(folder, `run-${runs++}`);
    const files = ["status", "stdout", "stderr"].map((name) => `${report}.${name}`);
    const words = [
      ...["--no-warnings", windowsPath(start["start"] ?? ""), windowsPath(report)],
      ...[options.preload ?? "", program].map((file) => (file === "" ? "" : `file:///Z:${file}`)),
      ...args,
    ];
    const child = spawn(wine, [node, ...words], {
      cwd: options.cwd ?? workspace,
      env: { ...env, ...options.env },
      // That Node cannot start with a pipe as its standard output.
      stdio: "ignore",
      timeout: runMaxMs,
      killSignal: "SIGKILL",
    });
    const [code] = (await once(child, "exit")) as [number | null];
    const read = (file: string): Promise<string> => readFile(file, "utf8");
    const [status, stdout = "", stderr = ""] = await Promise.all(
      files.map((file) => read(file).catch(() => undefined)),
    );
    await Promise.all(files.map((file) => rm(file, { force: true })));
    if (status !== undefined) return { status: Number(status), stdout, stderr };
    if (code === 1) return { status: "killed", stdout, stderr };
    throw new TypeError(`Windows' Node ended with ${code} and without a word: ${program} ${args.join(" ")}`);
  }

  const probe = await bundle({ probe: join(import.meta.dirname, "probe.ts") }, join(folder, "probe"));
  const { stdout } = await run(probe["probe"] ?? "", []);
  return { version: stdout.trim(), run };
}

/** Drive Z: of Wine is the root directory. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

async function findFirst(what: string, variable: string, places: readonly string[]): Promise<string> {
  const named = process.env[variable];
  for (const place of named === undefined ? places : [named]) {
    const found = await access(place).then(
      () => true,
      () => false,
    );
    if (found) return place;
  }
  throw new TypeError(
    `${what} is missing: looked at ${named ?? places.join(", ")}; ${variable} names it. See test/interop/README.md`,
  );
}
