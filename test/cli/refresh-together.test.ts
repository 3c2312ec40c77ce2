/** Several machines, or several timers of one machine, refresh one repository at the same time: real processes, Debian's registry. */
import { execFile } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fetchDebianRegistry, startRegistry, type RunningRegistry } from "@dtuf/testing/machines/debian-registry";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheDirectory } from "../setup/registries.ts";
import { createMachine, publishDemo, type Machine } from "./machine.ts";

const repo = "fred/demo";
const program = join(import.meta.dirname, "../../packages/cli/src/bin/dtuf.ts");
const directory = useDirectory("all tests");
let registry: RunningRegistry;
let machine: Machine;

beforeAll(async () => {
  const binary = await fetchDebianRegistry({ cacheDirectory: join(cacheDirectory(), "debian") });
  registry = await startRegistry({ binary, dataDirectory: join(directory, "data") });
  machine = await createMachine({ DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
  await registry.stop();
});

interface Ended {
  readonly status: number;
  readonly stderr: string;
}

function refresh(state: string): Promise<Ended> {
  const args = ["--conditions=@dtuf/source", program, "refresh-metadata", repo, "--repositories-root", state];
  const env = { ...process.env, ...machine.environment };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: machine.directory, env }, (error, _stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stderr });
    });
  });
}

interface Shown {
  readonly registry: string;
  readonly versions: Readonly<Record<string, number>>;
  readonly published: { readonly versions: Readonly<Record<string, number>> };
}

async function statusOf(state: string): Promise<Shown> {
  const ran = await machine.run(["status", repo, "--json", "--repositories-root", state]);
  return JSON.parse(ran.stdout) as Shown;
}

const published = async (state: string): Promise<number> =>
  (await statusOf(state)).published.versions["timestamp"] ?? 0;

async function clientPulls(state: string): Promise<string> {
  const client = ["--repositories-root", state];
  await machine.must(["pull-metadata", repo, "root.json", ...client]);
  return (await machine.must(["pull-target", repo, "demo.txt", ...client])).stdout;
}

/** Each is done, or was told that another was first. What is published is one line of releases, and every state fits it. */
test.each([
  ["four machines with a state each", ["one", "two", "three", "four"]],
  ["four timers on one state", ["one", "one", "one", "one"]],
])(
  "%s refresh at once: each is published or told that another was first, and the next refresh goes on",
  async (...[, states]) => {
    for (const state of new Set(states)) {
      await rm(join(machine.directory, state), { recursive: true, force: true });
      await cp(join(machine.directory, "dtuf_repos"), join(machine.directory, state), { recursive: true });
    }
    const before = await published("dtuf_repos");
    const ended = await Promise.all(states.map(refresh));
    for (const { status, stderr } of ended)
      expect([[0, 9], stderr]).toEqual([expect.arrayContaining([status]), stderr]);
    const done = ended.filter(({ status }) => status === 0).length;
    expect(done).toBeGreaterThan(0);
    const shown = await published("dtuf_repos");
    // Machines that sign at the same second with the same keys make the same release.
    expect(shown).toBeGreaterThan(before);
    expect(shown).toBeLessThanOrEqual(before + 4 * states.length);
    expect(await clientPulls(`client-${shown}`)).toBe("Hello World\n");
    for (const state of new Set(states)) {
      expect(await refresh(state)).toMatchObject({ status: 0 });
      expect(await statusOf(state)).toMatchObject({ registry: "same" });
    }
    expect(await published("dtuf_repos")).toBeGreaterThanOrEqual(shown + new Set(states).size);
  },
);
