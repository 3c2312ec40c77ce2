/** Other clients, as they are found on PATH and in DTUF_BENCH_PEERS (directories with `:` between). */
import { execFile } from "node:child_process";
import { access, constants, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const programs = {
  curl: ["--version"],
  skopeo: ["--version"],
  crane: ["version"],
  regctl: ["version", "--format", "{{.VCSTag}}"],
  oras: ["version"],
  dxf: [],
} as const;

export type PeerName = keyof typeof programs;

export interface Peer {
  readonly path: string;
  readonly version: string;
}

export interface Peers {
  find(name: PeerName): Peer | undefined;
  /** The interpreter that has this module of Python's. */
  findPython(module: "dxf" | "tuf"): Promise<Peer | undefined>;
  /** `name version` of all that were found. */
  readonly versions: readonly string[];
}

export async function findPeers(environment: Readonly<NodeJS.ProcessEnv>): Promise<Peers> {
  const directories = [environment["DTUF_BENCH_PEERS"] ?? "", environment["PATH"] ?? ""]
    .flatMap((list) => list.split(delimiter))
    .filter((directory) => directory !== "");
  const found = new Map<PeerName, Peer>();
  for (const name of Object.keys(programs) as PeerName[]) {
    const path = await findProgram(name, directories);
    if (path === undefined) continue;
    found.set(name, { path, version: name === "dxf" ? await dxfVersion(path) : await versionOf(path, programs[name]) });
  }
  const pythons = await Promise.all(directories.map((directory) => findProgram("python3", [directory])));
  return {
    find: (name) => found.get(name),
    findPython: (module) =>
      findModule(
        pythons.filter((path) => path !== undefined),
        module,
      ),
    versions: [...found].map(([name, { version }]) => `${name} ${version}`),
  };
}

async function findProgram(name: string, directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const path = join(directory, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  return undefined;
}

async function versionOf(path: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(path, args);
  return /\d+\.\d+(?:\.\d+)?/.exec(stdout)?.[0] ?? "of unknown version";
}

async function dxfVersion(path: string): Promise<string> {
  const [, python] = /^#!(\S+)/.exec(await readFile(path, "utf8")) ?? [];
  if (python === undefined) return "of unknown version";
  return moduleVersion(python, "python-dxf").catch(() => "of unknown version");
}

async function moduleVersion(python: string, distribution: string): Promise<string> {
  const { stdout } = await run(python, ["-c", `import importlib.metadata as m; print(m.version("${distribution}"))`]);
  return stdout.trim();
}

async function findModule(pythons: readonly string[], module: "dxf" | "tuf"): Promise<Peer | undefined> {
  for (const path of pythons) {
    try {
      return { path, version: await moduleVersion(path, module === "dxf" ? "python-dxf" : module) };
    } catch {
      // This one does not have it.
    }
  }
  return undefined;
}
