/** The agent of examples/agent, installed from the packed packages as its users would install it. */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createDigester } from "@dtuf/registry";
import { beforeAll, expect, test } from "vitest";
import { installAgent } from "../setup/packed-agent.ts";
import { cacheDirectory } from "../setup/registries.ts";
import { createMachine, publishDemo } from "./machine.ts";

const run = promisify(execFile);
const workspace = fileURLToPath(new URL("../../", import.meta.url));
let agent: string;

beforeAll(async () => {
  agent = (await installAgent(join(cacheDirectory(), "agent"))).directory;
});

interface Ended {
  readonly code: number;
  readonly output: string;
}

async function runAgent(words: readonly string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await run(process.execPath, [join(agent, "agent.ts"), ...words]);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

async function sha256(path: string): Promise<string> {
  const digester = createDigester();
  digester.update(await readFile(path));
  return digester.digest().slice("sha256:".length);
}

test("the agent's sources type-check against the packed packages", async () => {
  const types = join(workspace, "node_modules", "@types");
  const words = ["exec", "tsc", "-p", join(agent, "tsconfig.json"), "--typeRoots", types];
  await expect(run("pnpm", words, { cwd: workspace })).resolves.toMatchObject({ stdout: "" });
});

test("the agent installs, updates, and keeps what it has when the registry is tampered with", async () => {
  await using publisher = await createMachine({ DTUF_HOST: "oci:registry" });
  const repo = "acme/app";
  await publishDemo(publisher, repo, "#!/bin/sh\necho version 1\n");
  const home = join(publisher.directory, "machine");
  await mkdir(home);
  await publisher.must(["get-root", repo, "--output", "machine/root.json"]);
  const place = join(publisher.directory, "registry", repo);
  const words = [`oci:${place}`, "demo.txt", home];
  const current = (): Promise<string> => readFile(join(home, "current"), "utf8");
  const runCurrent = async (): Promise<string> => (await run(join(home, "versions", await current()))).stdout;

  expect(await runAgent(words)).toMatchObject({ code: 0 });
  expect(await runCurrent()).toBe("version 1\n");
  expect((await runAgent(words)).output).toContain("up to date");

  await writeFile(join(publisher.directory, "demo.txt"), "#!/bin/sh\necho version 2\n");
  await publisher.must(["push-target", repo, "demo.txt", "demo.txt"]);
  await publisher.must(["push-metadata", repo]);
  expect(await runAgent(words)).toMatchObject({ code: 0 });
  expect(await runCurrent()).toBe("version 2\n");

  await writeFile(join(publisher.directory, "demo.txt"), "#!/bin/sh\necho version 3\n");
  await publisher.must(["push-target", repo, "demo.txt", "demo.txt"]);
  await publisher.must(["push-metadata", repo]);
  const blob = join(place, "blobs", "sha256", await sha256(join(publisher.directory, "demo.txt")));
  await rm(blob, { force: true });
  await writeFile(blob, "#!/bin/sh\necho version X\n");
  const before = await current();
  expect((await runAgent(words)).code).not.toBe(0);
  expect(await current()).toBe(before);
  expect(await runCurrent()).toBe("version 2\n");
});
