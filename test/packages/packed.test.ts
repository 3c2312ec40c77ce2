/** The packages as they would be published: packed, judged by publint, are-the-types-wrong and tsc, and weighed. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheDirectory } from "../setup/registries.ts";
import { readPackages, root, type PackageManifest } from "../structure/sources.ts";

const run = promisify(execFile);
const published = readPackages()
  .map(({ folder }) => folder)
  // The program is a bundle without entries: installed.test.ts packs it.
  .filter((folder) => folder !== "testing" && folder !== "cli");
let directory: string;

const tarballOf = (folder: string): string => join(directory, `${folder}.tgz`);

beforeAll(async () => {
  await mkdir(cacheDirectory(), { recursive: true });
  directory = await mkdtemp(join(cacheDirectory(), "packed-"));
  await run("pnpm", ["-s", "build"], { cwd: root });
  for (const folder of published)
    await run("pnpm", ["pack", "--out", tarballOf(folder)], { cwd: join(root, "packages", folder) });
}, 60_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(published)("packages/%s", (folder) => {
  test("packs into a tarball whose entries resolve and have types, with no script that an installation runs", async () => {
    const tarball = tarballOf(folder);
    const listed = await run("tar", ["-tzf", tarball]);
    expect(listed.stdout.split("\n").filter((name) => /\.test\.|tsbuildinfo|node_modules/.test(name))).toEqual([]);
    const manifest = JSON.parse((await run("tar", ["-xzOf", tarball, "package/package.json"])).stdout) as {
      scripts?: object;
    };
    expect(manifest.scripts).toBeUndefined();
    await run("pnpm", ["exec", "publint", "run", tarball, "--strict"], { cwd: root });
    // Every entry is ESM; Node loads it by `require` too, which is what the ignored rule doubts.
    await run("pnpm", ["exec", "attw", tarball, "--profile", "esm-only"], { cwd: root });
  });

  test("alone has every type that a strict program needs, declarations of packages checked too", async () => {
    // Outside of this checkout, whose own types would be found.
    const project = await mkdtemp(join(tmpdir(), "dtuf-strict-"));
    try {
      await installAlone(folder, project);
      const { name, exports } = await readManifest(join(root, "packages", folder));
      const imports = Object.keys(exports).map((entry, at) => `export * as e${at} from "${name}${entry.slice(1)}";\n`);
      await writeFile(join(project, "program.ts"), imports.join(""));
      const options = ["--strict", "--skipLibCheck", "false", "--module", "nodenext", "--types", "node", "--noEmit"];
      const { stdout } = await run(join(root, "node_modules/.bin/tsc"), [...options, "program.ts"], {
        cwd: project,
      }).catch((error: unknown) => error as { stdout: string });
      expect(stdout).toBe("");
    } finally {
      await rm(project, { recursive: true, force: true });
    }
  });

  test("says in its README how many packages it installs, and how large they are", async () => {
    const { packages, bytes } = await weigh(folder);
    const text = await readFile(join(root, "packages", folder, "README.md"), "utf8");
    const [, count, megabytes] = /^Installed: (\d+) packages?, (\d+\.\d) MB, no script\.$/m.exec(text) ?? [];
    const actual = { packages, megabytes: (bytes / 1e6).toFixed(1) };
    expect({ packages: Number(count), megabytes }, "the line in the README").toEqual({
      ...actual,
      // What is measured moves with every line of code.
      megabytes: Math.abs(Number(megabytes) - bytes / 1e6) <= Math.max(0.1, bytes / 1e7) ? megabytes : actual.megabytes,
    });
  });
});

async function readManifest(location: string): Promise<PackageManifest> {
  return JSON.parse(await readFile(join(location, "package.json"), "utf8")) as PackageManifest;
}

/** The package and what it depends on: ours out of their tarballs, others as they are installed here. */
async function installAlone(folder: string, project: string): Promise<void> {
  const modules = join(project, "node_modules");
  const place = async (location: string, name: string): Promise<void> => {
    const at = join(modules, name);
    if ((await stat(at).catch(() => undefined)) !== undefined) return;
    await mkdir(dirname(at), { recursive: true });
    const target = await realpath(location);
    if (dirname(target) !== join(root, "packages")) return symlink(target, at);
    await mkdir(at);
    await run("tar", ["-xzf", tarballOf(basename(target)), "--strip-components=1", "-C", at]);
    for (const needed of Object.keys((await readManifest(target)).dependencies ?? {}))
      await place(await findModule(target, needed), needed);
  };
  await place(join(root, "node_modules/@types/node"), "@types/node");
  await place(join(root, "packages", folder), (await readManifest(join(root, "packages", folder))).name);
}

interface Weight {
  readonly packages: number;
  readonly bytes: number;
}

/** Of a package and everything that it needs, unpacked. */
async function weigh(folder: string): Promise<Weight> {
  const found = new Map<string, number>();
  const visit = async (location: string): Promise<void> => {
    const place = await realpath(location);
    if (found.has(place)) return;
    found.set(place, 0);
    const own = dirname(place) === join(root, "packages") ? place.slice(dirname(place).length + 1) : undefined;
    found.set(place, own === undefined ? await sizeOf(place) : await unpackedSize(tarballOf(own)));
    const manifest = await readManifest(place);
    for (const name of Object.keys(manifest.dependencies ?? {})) await visit(await findModule(place, name));
  };
  await visit(join(root, "packages", folder));
  return { packages: found.size, bytes: [...found.values()].reduce((sum, each) => sum + each, 0) };
}

/** As Node looks for it. */
async function findModule(from: string, name: string): Promise<string> {
  for (let at = from; ; at = dirname(at)) {
    const place = join(at, "node_modules", name);
    if ((await stat(place).catch(() => undefined)) !== undefined) return place;
    if (at === dirname(at)) throw new Error(`${from}: ${name} is not installed`);
  }
}

async function sizeOf(place: string): Promise<number> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile() || entry.parentPath.slice(place.length).includes("node_modules")) continue;
    bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

async function unpackedSize(tarball: string): Promise<number> {
  const { stdout } = await run("tar", ["-tvzf", tarball]);
  return stdout.split("\n").reduce((sum, line) => sum + Number(line.split(/\s+/)[2] ?? 0), 0);
}
