/**
 * Each package alone in a fresh project, installed by each package manager out of a registry, and every entry of it loaded
 * as ESM and by `require` on each Node that it names and on the newest.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { packAll } from "../../release/pack.ts";
import { readPackages, type Package } from "../structure/sources.ts";
import { startNpmRegistry, type NpmRegistry } from "./npm-registry.ts";
import type { Outcome } from "./outcome.ts";

const run = promisify(execFile);
const folder = import.meta.dirname;
const system = `${process.platform}-${process.arch}`;

interface Manager {
  readonly name: string;
  /** What installs `wanted` in the working directory, without the scripts of packages. */
  readonly install: (wanted: string) => readonly string[];
  /** Settings in a file of the project. */
  readonly file?: { readonly name: string; readonly text: string };
}

interface Tools {
  readonly managers: readonly Manager[];
  readonly nodes: Readonly<Record<"22.12" | "24.15" | "26", string>>;
}

/** All of them are packages of npm, of fixed versions. */
async function fetchTools(url: string): Promise<Tools> {
  const directory = resolve(folder, "../../.cache/package-managers");
  await mkdir(directory, { recursive: true });
  const dependencies = {
    "node-22": `npm:node-${system}@22.12.0`,
    "node-24": `npm:node-${system}@24.15.0`,
    "node-26": `npm:node-${system}@26.9.0`,
    npm: "12.2.0",
    "@yarnpkg/cli-dist": "4.18.1",
    bun: "1.4.5",
  };
  await writeFile(join(directory, "package.json"), JSON.stringify({ private: true, dependencies }));
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: directory });
  const modules = join(directory, "node_modules");
  const npm = ["install", "--no-audit", "--no-fund", `--registry=${url}`];
  const yarn = `nodeLinker: node-modules\nnpmRegistryServer: ${url}\nunsafeHttpWhitelist: [127.0.0.1]\nenableImmutableInstalls: false\n`;
  return {
    nodes: {
      "22.12": join(modules, "node-22/bin/node"),
      "24.15": join(modules, "node-24/bin/node"),
      26: join(modules, "node-26/bin/node"),
    },
    managers: [
      { name: "npm", install: (wanted) => [process.execPath, join(modules, "npm/bin/npm-cli.js"), ...npm, wanted] },
      {
        name: "pnpm",
        install: (wanted) => ["pnpm", "add", wanted, `--registry=${url}`, "--ignore-workspace", "--ignore-scripts"],
      },
      {
        name: "yarn",
        install: (wanted) => [process.execPath, join(modules, "@yarnpkg/cli-dist/bin/yarn.js"), "add", wanted],
        file: { name: ".yarnrc.yml", text: yarn },
      },
      {
        name: "bun",
        install: (wanted) => [join(modules, `@oven/bun-${system}/bin/bun`), "add", wanted, `--registry=${url}`],
      },
    ],
  };
}

/** Every entry that can be loaded without a module that is only installed beside the package. */
function entriesOf({ manifest }: Package): readonly string[] {
  return Object.keys(manifest.exports ?? {})
    .filter((entry) => entry !== "./package.json")
    .map((entry) => manifest.name + entry.slice(1));
}

async function load(node: string, entries: readonly string[], cwd: string): Promise<void> {
  const required = entries.map((entry) => `require(${JSON.stringify(entry)});`).join("");
  const imported = entries.map((entry) => `await import(${JSON.stringify(entry)});`).join("");
  await run(node, ["--no-warnings", "--eval", required], { cwd });
  await run(node, ["--no-warnings", "--input-type=module", "--eval", imported], { cwd });
}

/** @returns what went wrong */
async function tryPackage(manager: Manager, own: Package, { nodes }: Tools): Promise<readonly string[]> {
  const { name, engines = {} } = own.manifest;
  const home = await mkdtemp(join(tmpdir(), "dtuf-package-"));
  try {
    await writeFile(join(home, "package.json"), JSON.stringify({ name: "fresh", version: "1.0.0", private: true }));
    if (manager.file !== undefined) await writeFile(join(home, manager.file.name), manager.file.text);
    if (manager.name === "yarn") await writeFile(join(home, "yarn.lock"), "");
    const [program = "", ...words] = manager.install(name);
    const env = { ...process.env, HOME: home, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}` };
    await run(program, words, { cwd: home, env, maxBuffer: 1 << 26 });
    if (name === "dtuf") {
      await run(join(home, "node_modules/.bin/dtuf"), ["--version"], { cwd: home, env });
      return [];
    }
    for (const node of engines["node"] === ">=22.12" ? Object.values(nodes) : [nodes["24.15"], nodes["26"]])
      await load(node, entriesOf(own), home);
    return [];
  } catch (error) {
    const said = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    return [`${name}: ${String(error)} ${said}`.slice(0, 2000)];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

export async function runPackages(): Promise<readonly Outcome[]> {
  const directory = await mkdtemp(join(tmpdir(), "dtuf-packed-"));
  await packAll(directory);
  await using registry: NpmRegistry = await startNpmRegistry(directory);
  const tools = await fetchTools(registry.url);
  const packages = readPackages().filter(({ manifest }) => registry.packages.has(manifest.name));
  const outcomes: Outcome[] = [];
  for (const manager of tools.managers) {
    const faults: string[] = [];
    for (const own of packages) faults.push(...(await tryPackage(manager, own, tools)));
    const did = `installed each of ${packages.length} packages alone; they load as ESM and by require on Node 22.12, 24.15 and 26`;
    outcomes.push({ kind: "ran", peer: manager.name, did, faults });
  }
  await rm(directory, { recursive: true, force: true });
  return outcomes;
}

if (process.argv[1] === import.meta.filename) console.log(await runPackages());
