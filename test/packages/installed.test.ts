/** The command line as npm installs it: its bundle, and nothing of this checkout. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundlePrograms, type Bundle } from "../../release/bundle.ts";
import { cacheDirectory } from "../setup/registries.ts";
import { root } from "../structure/sources.ts";

const run = promisify(execFile);
let directory: string;
let bundle: Bundle;

beforeAll(async () => {
  await mkdir(cacheDirectory(), { recursive: true });
  directory = await mkdtemp(join(cacheDirectory(), "installed-"));
  bundle = await bundlePrograms();
  await run("pnpm", ["pack", "--out", join(directory, "dtuf.tgz")], { cwd: join(root, "packages/cli") });
  const words = ["install", "-g", "--offline", "--omit=optional", "--no-audit", "--no-fund", "--prefix"];
  await run("npm", [...words, join(directory, "prefix"), join(directory, "dtuf.tgz")], { cwd: directory });
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const passphrases = Object.fromEntries(
  ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]),
);

interface Start {
  readonly program?: "dtuf" | "dxf";
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the installed program in an empty home. */
async function dtuf(words: readonly string[], { program = "dtuf", env = {} }: Start = {}): Promise<string> {
  const { stdout } = await run(join(directory, "prefix/bin", program), words, {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: directory, ...passphrases, ...env },
  });
  return stdout;
}

/** The files of the bundle that a command read, by their names without hashes. */
async function readFiles(words: readonly string[]): Promise<readonly string[]> {
  const preload = join(directory, "loaded.cjs");
  await writeFile(
    preload,
    `const M = require("node:module"), load = M._load, seen = [];
     M._load = function (name, ...more) { seen.push(name); return load.call(this, name, ...more); };
     process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(join(directory, "seen"))}, seen.join("\\n")));`,
  );
  await dtuf(words, { env: { NODE_OPTIONS: `--require=${preload}` } });
  return (await readFile(join(directory, "seen"), "utf8")).split("\n");
}

describe("an installed dtuf", () => {
  test("is a package that publint accepts, with nothing to install but an optional keychain", async () => {
    await run("pnpm", ["exec", "publint", "run", join(directory, "dtuf.tgz"), "--strict"], { cwd: root });
    const { stdout } = await run("tar", ["-xzOf", join(directory, "dtuf.tgz"), "package/package.json"]);
    const manifest = JSON.parse(stdout) as Record<string, object | undefined>;
    expect(manifest["dependencies"]).toBeUndefined();
    expect(manifest["scripts"]).toBeUndefined();
    expect(Object.keys(manifest["optionalDependencies"] ?? {})).toEqual(["keytar"]);
  });

  test("publishes and pulls, from key creation to a verified file", async () => {
    await writeFile(join(directory, "demo.txt"), "Hello World\n");
    await dtuf(["init", "fred/demo"]);
    await dtuf(["publish", "fred/demo", "demo.txt"]);
    await dtuf(["pull", "fred/demo", "--root", "root.json", "--output", "pulled/"]);
    expect(await readFile(join(directory, "pulled/demo.txt"), "utf8")).toBe("Hello World\n");
    expect(await dtuf(["list-aliases", "fred/demo"], { program: "dxf" })).toContain("latest");
  });

  test("says its version and loads neither a command nor the parser of options", async () => {
    const loaded = await readFiles(["--version"]);
    expect(loaded.filter((name) => name.startsWith("."))).toEqual([
      expect.stringContaining("node-version") as string,
      expect.stringContaining("start") as string,
    ]);
  });

  test("refreshes from a layout without the code of connections and threads", async () => {
    const [connections] = await filesWith("UND_ERR_CONNECT_TIMEOUT");
    expect(connections).toBeDefined();
    const loaded = await readFiles(["pull-metadata", "fred/demo"]);
    expect(loaded.some((name) => name.includes("pull-metadata"))).toBe(true);
    expect(loaded.filter((name) => name.endsWith(connections ?? ""))).toEqual([]);
    expect(loaded.filter((name) => /child_process|node:https?$|node:tls|worker_threads/.test(name))).toEqual([]);
  });

  test("keeps compiled code in the user's own directory", async () => {
    await dtuf(["list-aliases", "fred/demo"]);
    const { stdout } = await run("find", [join(directory, ".cache/dtuf/compiled"), "-type", "f"]);
    expect(stdout.trim().split("\n").length).toBeGreaterThan(3);
  });

  test("has the licence of every package whose code is in it", async () => {
    const text = await readFile(join(bundle.directory, "THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["undici", "commander", "age-encryption", "@sigstore/core"]) expect(text).toContain(`${name} `);
  });
});

/** Names of the bundle's files that hold the text. */
async function filesWith(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of bundle.files) {
    const content = await readFile(join(bundle.directory, name), "utf8");
    if (content.includes(text)) found.push(name.slice(name.lastIndexOf("/") + 1));
  }
  return found;
}
