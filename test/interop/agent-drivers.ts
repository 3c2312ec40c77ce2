/** The examples that drive `dtuf agent run --jsonl` from other languages: an update that the user refuses, then one that she takes. */
import { execFile, spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Peers } from "../../bench/peers.ts";
import { createMachine, publishDemo, type Machine } from "../cli/machine.ts";
import type { Outcome } from "./outcome.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const repo = "fred/demo";

interface Driver {
  readonly name: string;
  /** The program that must be there. */
  readonly tool: string;
  readonly install: string;
  /** The words that start the example. */
  readonly prepare: (tool: string, home: string) => Promise<readonly string[]>;
}

const drivers: readonly Driver[] = [
  {
    name: "examples/agent-python",
    tool: process.env["DTUF_PEER_PYTHON"] ?? "python3",
    install: "apt-get install python3",
    prepare: (tool) => Promise.resolve([tool, join(root, "examples/agent-python/update.py")]),
  },
  {
    name: "examples/agent-go",
    tool: process.env["DTUF_PEER_GO"] ?? "go",
    install: "Go from https://go.dev/dl, or DTUF_PEER_GO",
    async prepare(tool, home) {
      const program = join(home, "agent-go");
      await run(tool, ["build", "-o", program, "."], { cwd: join(root, "examples/agent-go") });
      return [program];
    },
  },
];

export async function runAgentDrivers(_peers: Peers): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const driver of drivers) outcomes.push(await runDriver(driver));
  return outcomes;
}

async function runDriver({ name, tool, install, prepare }: Driver): Promise<Outcome> {
  await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
  const home = join(machine.directory, "home");
  await mkdir(join(home, "bin"), { recursive: true });
  const version = await run(tool, [tool.includes("python") ? "--version" : "version"]).catch(() => undefined);
  if (version === undefined) return { kind: "missing", peer: tool, install };
  const words = await prepare(tool, machine.directory);
  await publish(machine, home);
  const faults = await updateBy(words, { machine, home }).catch((error: unknown) => [String(error)]);
  return { kind: "ran", peer: `${name} (${version.stdout.trim()})`, did: "drove an agent by JSON lines", faults };
}

async function publish(machine: Machine, home: string): Promise<void> {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["get-root", repo, "--output", "home/root.json"]);
  await release(machine, "1.0.0");
  const install = { kind: "executable", path: "bin/app" };
  const settings = { repository: repo, root: "root.json", name: "app", directory: "state", install };
  await writeFile(join(home, "agent.json"), JSON.stringify({ ...settings, automatic: "check" }));
  const bin = join(root, "packages/cli/src/bin/dtuf.ts");
  const dtuf = join(machine.directory, "dtuf");
  await writeFile(dtuf, `#!/bin/sh\nexec "${process.execPath}" --conditions=@dtuf/source "${bin}" "$@"\n`);
  await chmod(dtuf, 0o755);
}

async function release(machine: Machine, version: string): Promise<void> {
  await machine.must(["release", repo, "app", version, "-"], `program ${version}\n`);
  await machine.must(["push-metadata", repo]);
}

interface Place {
  readonly machine: Machine;
  readonly home: string;
}

async function updateBy(words: readonly string[], { machine, home }: Place): Promise<readonly string[]> {
  const installed = (): Promise<string> => readFile(join(home, "bin/app"), "utf8").catch(() => "nothing");
  const faults: string[] = [];
  const expectAfter = async (answer: string, wanted: string): Promise<void> => {
    const said = await answerTo(words, answer, machine);
    const got = await installed();
    if (got !== wanted) faults.push(`after "${answer}" ${JSON.stringify(got)} is installed; it said ${said}`);
  };
  await expectAfter("no", "nothing");
  await expectAfter("yes", "program 1.0.0\n");
  await release(machine, "1.1.0");
  await expectAfter("yes", "program 1.1.0\n");
  await expectAfter("yes", "program 1.1.0\n");
  return faults;
}

/** @throws TypeError if its status is not 0 */
function answerTo([program = "", ...words]: readonly string[], answer: string, machine: Machine): Promise<string> {
  const path = `${machine.directory}${delimiter}${process.env["PATH"] ?? ""}`;
  const env = { ...process.env, ...machine.environment, PATH: path };
  const child = spawn(program, [...words, "home/agent.json"], { cwd: machine.directory, env });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on("error", () => undefined).end(`${answer}\n`);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      if (status === 0) resolve(said);
      else reject(new TypeError(`it ended with ${status}: ${said}`));
    });
  });
}
