/** A program's own tracing sees requests, refreshes and targets through `node:diagnostics_channel`, and no secret. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine, publishDemo, registryEnvironment, type Machine } from "../cli/machine.ts";
import { installAgent } from "../setup/packed-agent.ts";
import { cacheDirectory, registryOf, uniqueRepository } from "../setup/registries.ts";
import { fetchRuntimes, type Runtimes } from "../setup/runtimes.ts";

const run = promisify(execFile);
const runtimeNames = ["Node 22.12", "Bun", "Deno"] as const;
const access = registryOf("token");
const repo = uniqueRepository("tracing");
let publisher: Machine;
let directory: string;
let runtimes: Runtimes;

beforeAll(async () => {
  const agent = installAgent(join(cacheDirectory(), "agent-tracing"));
  [directory, runtimes] = [(await agent).directory, await fetchRuntimes(join(cacheDirectory(), "runtimes"))];
  const program = await readFile(join(import.meta.dirname, "tracing-program.ts"), "utf8");
  await writeFile(join(directory, "tracing.mjs"), stripTypeScriptTypes(program));
  publisher = await createMachine(registryEnvironment(access));
  await publishDemo(publisher, repo, "Hello World\n");
  await publisher.must(["get-root", repo, "--output", "root.json"]);
});
afterAll(() => publisher?.[Symbol.asyncDispose]());

async function trace(name: string, ...listening: readonly string[]): Promise<string> {
  const { program = "", words = [] } = runtimes.all.find((each) => each.name === name) ?? {};
  const { username = "", password = "" } = access;
  const root = join(publisher.directory, "root.json");
  const all = [...words, join(directory, "tracing.mjs"), `${access.host}/${repo}`, root, username, password];
  return (await run(program, [...all, ...listening])).stdout;
}

interface Told {
  readonly channel: string;
  readonly part: string;
  readonly [member: string]: unknown;
}

describe.each(runtimeNames)("on %s", (name) => {
  test("each channel tells what docs/tracing.md says, and an error as it is thrown", async () => {
    const text = await trace(name, "listening");
    const told = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Told);
    const of = (channel: string, part: string): readonly Told[] =>
      told.filter((each) => each.channel === channel && each.part === part);
    const place = `${access.host}/${repo}`;
    const target = { path: "demo.txt", length: 12 };

    expect(of("dtuf:copy:refresh", "start")[0]).toMatchObject({ place, mode: "online" });
    expect(of("dtuf:copy:refresh", "asyncEnd")[0]).toMatchObject({
      result: { status: "fresh", versions: { root: 1, timestamp: 1, snapshot: 1, targets: 1 } },
    });
    expect(of("dtuf:copy:save", "asyncEnd")).toMatchObject([
      { ...target, result: { outcome: "written", fetchedBytes: 12 } },
    ]);
    expect(of("dtuf:copy:open", "asyncEnd")).toMatchObject([target]);
    expect(of("dtuf:copy:refresh", "error")).toMatchObject([
      { place: `${place}-none`, error: expect.stringMatching(/^COPY_NOT_PUBLISHED: /) },
    ]);
    const requests = of("dtuf:registry:request", "asyncEnd");
    expect(requests[0]).toMatchObject({ method: expect.stringMatching(/^(?:GET|HEAD)$/), result: { status: 401 } });
    expect(requests.map(({ url }) => String(url)).join("\n")).toContain(`${access.origin}/v2/${repo}/manifests/latest`);
    expect(of("dtuf:registry:attempt", "").length).toBeGreaterThanOrEqual(requests.length);

    // The registry's tokens are JWTs.
    expect(text).not.toContain(String(access.password));
    expect(text).not.toMatch(/eyJ|Bearer |Basic /);
  });

  test("nothing is told if nobody listens", async () => {
    expect(await trace(name)).toBe("");
  });
});
