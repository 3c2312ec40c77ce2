/** What a release is made of: built twice from the same sources, published by the project's own program, and pulled back. */
import { execFile } from "node:child_process";
import { appendFile, chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildExecutable } from "../../release/executable.ts";
import { digestOf, provenance, sums, writeProvenance } from "../../release/provenance.ts";
import { releaseSelf } from "../../release/self.ts";
import { registryEnvironment } from "../cli/machine.ts";
import { cacheDirectory, registryOf, uniqueRepository } from "../setup/registries.ts";
import { readPackages, root } from "../structure/sources.ts";

const run = promisify(execFile);
const published = readPackages().filter(({ folder }) => folder !== "testing");
let directory: string;
let packed: string;
let version: string;

beforeAll(async () => {
  await mkdir(cacheDirectory(), { recursive: true });
  directory = await mkdtemp(join(cacheDirectory(), "release-"));
  packed = await packIn("first");
  const [, found = ""] = /^dtuf-(\d.*)\.tgz$/m.exec((await readdir(packed)).join("\n")) ?? [];
  version = found;
}, 240_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A copy of the sources without their history, installed and packed. */
async function packIn(name: string): Promise<string> {
  const checkout = join(directory, name);
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    maxBuffer: 1 << 26,
  });
  for (const file of stdout.split("\0").filter((each) => /^(packages|release)\/|^[^/]*$/.test(each) && each !== "")) {
    await mkdir(dirname(join(checkout, file)), { recursive: true });
    await cp(join(root, file), join(checkout, file)).catch(ignoreMissing);
  }
  await run("pnpm", ["install", "--frozen-lockfile", "--offline", "--ignore-scripts"], { cwd: checkout });
  await run(process.execPath, ["release/pack.ts"], { cwd: checkout });
  return join(checkout, "packed");
}

/** Deleted, and not committed yet. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

describe("packed packages", () => {
  test("are the same bytes if the same sources are packed again elsewhere, with their lists of parts", async () => {
    const again = await packIn("second");
    expect(await readFile(join(again, sums), "utf8")).toBe(await readFile(join(packed, sums), "utf8"));
    expect(await readFile(join(again, provenance), "utf8")).toBe(await readFile(join(packed, provenance), "utf8"));
  }, 120_000);

  test("have a statement of where they come from, with the digest of each file", async () => {
    await run("sha256sum", ["--check", "--strict", sums], { cwd: packed });
    const statement = JSON.parse(await readFile(join(packed, provenance), "utf8")) as {
      readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
    };
    expect(statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      predicateType: "https://slsa.dev/provenance/v1",
      predicate: { buildDefinition: { externalParameters: { sources: "unknown" } } },
    });
    const names = statement.subject.map(({ name }) => name);
    expect(names.filter((name) => name.endsWith(".tgz"))).toHaveLength(published.length);
    for (const { name, digest } of statement.subject) expect(await digestOf(join(packed, name))).toBe(digest.sha256);
  });

  test.each(published)("$manifest.name lists what it needs, or what is in it", async ({ manifest }) => {
    const file = `${manifest.name.replace("@", "").replace("/", "-")}-${version}.cdx.json`;
    const bom = JSON.parse(await readFile(join(packed, file), "utf8")) as {
      readonly components: readonly { readonly "bom-ref": string; readonly licenses?: readonly object[] }[];
    };
    expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6" });
    const parts = bom.components.map((part) => part["bom-ref"]).join("\n");
    for (const name of Object.keys(manifest.dependencies ?? {}))
      expect(parts).toContain(`/${name.replace("@", "%40")}@`);
    expect(parts).toMatch(manifest.name === "dtuf" ? /undici@[^]*yaml@/ : /^/);
    expect(parts).not.toMatch(/vitest|typescript|oxlint/);
    expect(bom.components.filter(({ licenses = [] }) => licenses.length === 0)).toEqual([]);
  });
});

describe("a release of the project by its own program", () => {
  const repo = uniqueRepository("self");
  let program: string;

  async function dtuf(words: readonly string[]): Promise<void> {
    const passphrases = ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]);
    const environment = { ...registryEnvironment(registryOf("plain")), ...Object.fromEntries(passphrases) };
    await run(program, words, { cwd: directory, env: { HOME: directory, ...environment } });
  }

  beforeAll(async () => {
    program = join(packed, "dtuf-linux-x64");
    await buildExecutable({ node: process.execPath, runs: "here", path: program });
    await writeProvenance(packed);
    await dtuf(["init", repo, "--output", "self.json"]);
  }, 120_000);

  test("is pulled back verified, installs and runs", async () => {
    await releaseSelf({ repository: repo, directory: packed, more: ["--rollout", "10%"], dtuf });
    await dtuf(["pull", repo, "--root", "self.json", "--output", "back/", "--tree"]);
    const back = join(directory, "back", version);
    await run("sha256sum", ["--check", "--strict", sums], { cwd: back });
    const prefix = join(directory, "installed");
    const words = ["install", "-g", "--offline", "--omit=optional", "--no-audit", "--no-fund", "--prefix", prefix];
    await run("npm", [...words, join(back, `dtuf-${version}.tgz`)], { cwd: directory });
    const own = join(directory, "back/dtuf", version, "linux-amd64/dtuf-linux-x64");
    await chmod(own, 0o755);
    for (const each of [join(prefix, "bin/dtuf"), own])
      expect((await run(each, ["--version"])).stdout).toBe(`${version}\n`);
  }, 120_000);

  test("does not begin if a file is not the one that was built", async () => {
    await appendFile(join(packed, `dtuf-${version}.tgz`), "x");
    const called: string[] = [];
    const release = {
      repository: repo,
      directory: packed,
      more: [],
      dtuf: async ([word = ""]: readonly string[]) => void called.push(word),
    };
    await expect(releaseSelf(release)).rejects.toThrow(/wanted SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}/);
    expect(called).toEqual([]);
  });
});
