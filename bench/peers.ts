/**
 * Other clients, as they are found in DTUF_BENCH_PEERS (directories with `:` between), in .cache/peers, and on PATH.
 * None is ours: the program `dxf` is a peer only if it runs on a Python that has the module.
 */
import { execFile } from "node:child_process";
import { access, constants, readFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const programs = {
  curl: ["--version"],
  skopeo: ["--version"],
  crane: ["version"],
  regctl: ["version", "--format", "{{.VCSTag}}"],
  regsync: ["version", "--format", "{{.VCSTag}}"],
  oras: ["version"],
  "qemu-aarch64-static": ["--version"],
  zstd: ["--version"],
  xdelta3: ["-V"],
  bsdiff: [],
  desync: ["--help"],
  bita: ["--version"],
  dxf: [],
} as const;

export type PeerName = keyof typeof programs;

export interface Peer {
  readonly path: string;
  readonly version: string;
}

/** How a peer that is not there is installed. */
export const installations = {
  go: (module: string): string => `GOBIN=$PWD/.cache/peers/bin go install ${module}@latest`,
  python:
    "python3 -m venv .cache/peers/python && .cache/peers/python/bin/pip install python-dxf 'tuf>=7' 'securesystemslib[crypto]>=1.6'",
} as const;

const ownDirectories = ["bin", "python/bin"].map((name) => resolve(import.meta.dirname, "../.cache/peers", name));

export interface Peers {
  find(name: PeerName): Peer | undefined;
  /** The interpreter that has this module of Python's. */
  findPython(module: "dxf" | "tuf"): Promise<Peer | undefined>;
  /** `name version` of all that were found. */
  readonly versions: readonly string[];
}

export async function findPeers(environment: Readonly<NodeJS.ProcessEnv>): Promise<Peers> {
  const directoriesOf = (name: string): readonly string[] =>
    (environment[name] ?? "").split(delimiter).filter((directory) => directory !== "");
  const directories = [...directoriesOf("DTUF_BENCH_PEERS"), ...ownDirectories, ...directoriesOf("PATH")];
  const found = new Map<PeerName, Peer>();
  for (const name of Object.keys(programs) as PeerName[]) {
    const peer = name === "dxf" ? await findDxf(directories) : await findVersioned(name, directories);
    if (peer !== undefined) found.set(name, peer);
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
  // Some say it on stderr, or with another status.
  const { stdout } = await run(path, args).catch(() => ({ stdout: "" }));
  return /\d+\.\d+(?:\.\d+)?/.exec(stdout)?.[0] ?? "of unknown version";
}

async function findVersioned(
  name: Exclude<PeerName, "dxf">,
  directories: readonly string[],
): Promise<Peer | undefined> {
  const path = await findProgram(name, directories);
  return path === undefined ? undefined : { path, version: await versionOf(path, programs[name]) };
}

/** Our own command has the same name. */
async function findDxf(directories: readonly string[]): Promise<Peer | undefined> {
  for (const directory of directories) {
    const path = await findProgram("dxf", [directory]);
    const [, python] = /^#!(\S+)/.exec(path === undefined ? "" : await readFile(path, "latin1")) ?? [];
    if (path === undefined || python === undefined) continue;
    const version = await moduleVersion(python, "python-dxf").catch(() => undefined);
    if (version !== undefined) return { path, version };
  }
  return undefined;
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
