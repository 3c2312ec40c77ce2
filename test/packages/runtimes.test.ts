/** What programs embed runs where they run: the agent in four runtimes, as ESM and as CommonJS, bundled and not. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine, publishDemo, registryEnvironment, type Machine } from "../cli/machine.ts";
import { installAgent, type Installed } from "../setup/packed-agent.ts";
import { cacheDirectory, registryOf, uniqueRepository } from "../setup/registries.ts";
import { fetchRuntimes, type Runtimes } from "../setup/runtimes.ts";
import { readPackages, root } from "../structure/sources.ts";

const run = promisify(execFile);
const runtimeNames = ["Node 22.12", "Node 24.15", "Bun", "Deno"] as const;
const forms = ["agent.mjs", "agent.cjs", "bundle.mjs", "bundle.cjs"] as const;

/** Dependencies of ours are CommonJS that `require`s Node's modules; esbuild leaves that to a `require` of the program. */
const banner =
  'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);';

let publisher: Machine;
let agent: Installed;
let runtimes: Runtimes;
const repo = uniqueRepository("runtimes");

beforeAll(async () => {
  [agent, runtimes] = await Promise.all([
    installAgent(join(cacheDirectory(), "agent-runtimes")),
    fetchRuntimes(join(cacheDirectory(), "runtimes")),
  ]);
  await writeForms(agent.directory, runtimes.esbuild);
  await writeHashing(agent.directory, runtimes.esbuild);
  publisher = await createMachine(registryEnvironment(registryOf("tls")));
  await publishDemo(publisher, repo, "version 1\n");
  await publisher.must(["get-root", repo, "--output", "root.json"]);
});
afterAll(() => publisher?.[Symbol.asyncDispose]());

async function writeForms(directory: string, esbuild: string): Promise<void> {
  const esm = stripTypeScriptTypes(await readFile(join(directory, "agent.ts"), "utf8"));
  const commonJs = esm.replaceAll(/^import (\{[^}]*\}) from ("[^"]*");$/gm, "const $1 = require($2);");
  expect(commonJs).not.toMatch(/^import /m);
  await writeFile(join(directory, "agent.mjs"), esm);
  await writeFile(join(directory, "agent.cjs"), commonJs);
  const words = [esbuild, "agent.mjs", "--bundle", "--platform=node", "--log-level=warning"];
  for (const more of [
    ["--format=esm", "--outfile=bundle.mjs", `--banner:js=${banner}`],
    ["--format=cjs", "--outfile=bundle.cjs"],
  ]) {
    const { stderr } = await run(process.execPath, [...words, ...more], { cwd: directory });
    expect(stderr).toBe("");
  }
}

/** Hashes 9 MiB as a large download does where hashing is slow, and says that a thread did it. */
const hashing = `
import { startThreadDigester } from ${JSON.stringify(join(root, "packages/registry/dist/hashing/thread-digester.js"))};
async function main() {
  const thread = await startThreadDigester();
  if (thread === undefined) throw new Error("no thread");
  thread.begin("sha256");
  const bytes = new Uint8Array(9 << 20).fill(7);
  for (let at = 0; at < bytes.length; at += 65536) await thread.update(bytes.subarray(at, at + 65536));
  console.log(await thread.digest());
}
void main();
`;

async function writeHashing(directory: string, esbuild: string): Promise<void> {
  await writeFile(join(directory, "hashing.mjs"), hashing);
  for (const format of ["esm", "cjs"]) {
    const outfile = `hashing-${format}.${format === "esm" ? "mjs" : "cjs"}`;
    const words = [esbuild, "hashing.mjs", "--bundle", "--minify", "--platform=node", `--format=${format}`];
    await run(process.execPath, [...words, `--outfile=${outfile}`], { cwd: directory });
  }
}

test("the packages that programs embed say that they run on Node 22.12, and install without a script or a warning", () => {
  const embedded = readPackages().filter(({ folder }) => ["registry", "tuf", "format", "copy"].includes(folder));
  expect(embedded.map(({ manifest }) => manifest.engines)).toEqual(embedded.map(() => ({ node: ">=22.12" })));
  expect(agent.said).not.toMatch(/warn|ignored build|keytar/i);
});

describe.each(readPackages().filter(({ folder }) => folder !== "testing"))("$manifest.name", ({ folder, manifest }) => {
  const entries = Object.values(manifest.exports).map((entry) => {
    const { default: file } = entry as Readonly<Record<string, string>>;
    return join(root, "packages", folder, file ?? "");
  });
  const loading = entries.map((entry) => `require(${JSON.stringify(entry)});`).join("");

  test("loads by require, every entry, on the oldest Node that it names", async () => {
    const oldest = manifest.engines?.["node"] === ">=22.12" ? "Node 22.12" : "Node 24.15";
    const { program = "" } = runtimes.all.find(({ name }) => name === oldest) ?? {};
    await expect(run(program, ["--no-warnings", "--eval", loading])).resolves.toEqual({ stdout: "", stderr: "" });
  });
});

describe.each(runtimeNames)("on %s", (name) => {
  test.each(forms)("%s pulls from a registry over HTTPS, verified, and says nothing else", async (form) => {
    const runtime = runtimes.all.find((each) => each.name === name);
    const home = await mkdtemp(join(publisher.directory, "home-"));
    await mkdir(join(home, "cwd"));
    await copyFile(join(publisher.directory, "root.json"), join(home, "root.json"));
    const { host, caFile = "" } = registryOf("tls");
    const env = { HOME: home, NODE_EXTRA_CA_CERTS: caFile, DENO_CERT: caFile };
    const place = `${host}/${repo}`;
    const words = [...(runtime?.words ?? []), join(agent.directory, form), place, "demo.txt", home];
    const started = async (): Promise<string> => {
      const { stdout, stderr } = await run(runtime?.program ?? "", words, { cwd: join(home, "cwd"), env });
      expect(withoutFirstWarning(stderr, { name, form })).toBe("");
      return stdout;
    };
    expect(await started()).toMatch(/^demo\.txt is now [0-9a-f]{64}\.txt\n$/);
    const current = await readFile(join(home, "current"), "utf8");
    expect(await readFile(join(home, "versions", current), "utf8")).toBe("version 1\n");
    expect(await started()).toBe(`demo.txt is up to date: ${current}\n`);
  });
});

describe.each(runtimeNames)("on %s", (name) => {
  test.each(["hashing.mjs", "hashing-esm.mjs", "hashing-cjs.cjs"])(
    "%s hashes content on another thread, and ends although the thread is still there",
    async (form) => {
      const { program = "", words = [] } = runtimes.all.find((each) => each.name === name) ?? {};
      const { stdout } = await run(program, [...words, join(agent.directory, form)]);
      expect(stdout).toBe(
        `sha256:${createHash("sha256")
          .update(Buffer.alloc(9 << 20, 7))
          .digest("hex")}\n`,
      );
    },
  );
});

/** Node 22.12 itself, and no later one, warns of `require` of ESM if a program's own file does it. */
function withoutFirstWarning(stderr: string, { name, form }: { readonly name: string; readonly form: string }): string {
  if (name !== "Node 22.12" || form !== "agent.cjs") return stderr;
  return stderr.replace(/^\(node:\d+\) ExperimentalWarning: CommonJS module [^]*?using require\(\)\.\n.*\n.*\n$/, "");
}
