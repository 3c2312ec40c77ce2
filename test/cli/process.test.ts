/** The program as a process: what the operating system sees of it. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "@dtuf/registry/files";
import { createHostileRegistry } from "@dtuf/testing/hostile-registry/hostile-registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { beforeAll, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const bin = fileURLToPath(new URL("../../packages/cli/src/bin/dtuf.ts", import.meta.url));
const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");

beforeAll(async () => {
  await publishDemo(machine, repo, "x".repeat(3_000_000));
  await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
});

function start(words: readonly string[], environment: Record<string, string> = {}): ChildProcess {
  const env = { PATH: process.env["PATH"] ?? "", ...machine.environment, ...environment };
  return spawn(process.execPath, ["--conditions=@dtuf/source", bin, ...words], { cwd: machine.directory, env });
}

function end(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.on("data", (chunk: Buffer) => (written[name] += chunk));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...written })));
}

describe("the process", () => {
  test("ends with 130 when it is interrupted, and says so", async () => {
    await using registry = await createHostileRegistry();
    registry.script({ match: { path: /manifests/ }, fault: { kind: "stall", after: "headers" } });
    const child = start(["pull-metadata", repo], { DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
    const ended = end(child);
    while (registry.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stdout: "", stderr: "dtuf: interrupted\n" });
  });

  // A fault of the program, not an error of ours: each comes out of a file call at another place.
  test.each([
    ["throws", "throw new RangeError('boom')", /boom/],
    ["rejects", "return Promise.reject(new RangeError('boom'))", /boom/],
    [
      "throws where nobody catches",
      "setImmediate(() => { throw new RangeError('boom') }); return original(...args)",
      /boom/,
    ],
    ["rejects where nobody catches", "void Promise.reject(new RangeError('boom')); return original(...args)", /boom/],
    ["never settles", "return new Promise(() => {})", /^/],
  ])("never ends with 0 when a call inside it %s [T94]", async (_how, body, says) => {
    const fault = join(machine.directory, "fault.mjs");
    await writeFile(
      fault,
      `import fs from "node:fs/promises";
       import { syncBuiltinESMExports } from "node:module";
       const original = fs.open;
       fs.open = (...args) => { if (!String(args[0]).includes("dtuf_repos")) return original(...args); ${body}; };
       syncBuiltinESMExports();`,
    );
    const ended = await end(start(["status", repo], { NODE_OPTIONS: `--import=${fault}` }));
    // Not Node's own 13 for what never settles, which says here that the registry refused the user.
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(says);
  });

  test("gives the command's status to the operating system [T94]", async () => {
    expect((await end(start(["pull-target", repo, "no-such"]))).code).toBe(3);
    expect((await end(start(["no-such-command"]))).code).toBe(2);
  });

  test.each([
    ["sync", `oci:registry/${repo}`, "oci:copied"],
    ["sync", "--tuf=root.json", repo, "oci:carried"],
  ])("%s %s … says that it waits for another that changes the layout", async (...words) => {
    const to = join(machine.directory, words.at(-1)?.slice("oci:".length) ?? "");
    await mkdir(to);
    await writeFile(join(machine.directory, "root.json"), (await machine.must(["get-root", repo])).bytes);
    let ended: ReturnType<typeof end> | undefined;
    await withLock(join(to, ".dtuf-lock"), { wait: "fail" }, async () => {
      const child = start(words);
      ended = end(child);
      await new Promise<void>((resolve) =>
        child.stderr?.on("data", (chunk: Buffer) => chunk.includes(`Waiting for process ${process.pid}`) && resolve()),
      );
    });
    expect((await ended)?.code).toBe(0);
  });

  test("ends quietly when the reader of its output goes away", async () => {
    const child = start(["pull-target", repo, "demo.txt"]);
    const ended = end(child);
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect((await ended).stderr).toBe("");
  });

  test("writes binary data to stdout unchanged and talk to stderr", async () => {
    const ended = await end(start(["pull-target", repo, "demo.txt"], { DTUF_PROGRESS: "1" }));
    expect(ended.stdout).toBe("x".repeat(3_000_000));
    expect(ended.stderr).toMatch(/^dtuf: demo\.txt 100%, 2\.9 MiB of 2\.9 MiB/m);
    expect(ended.code).toBe(0);
  });

  test("keeps a log only where it is asked to", async () => {
    const log = join(machine.directory, "dtuf.log");
    await end(start(["pull-target", repo, "no-such"]));
    await expectRefused(readFile(log), "ENOENT");
    await end(start(["status", repo], { DTUF_LOG_FILE: "dtuf.log", DTUF_FILE_LOG_LEVEL: "DEBUG" }));
    await end(start(["pull-target", repo, "no-such"], { DTUF_LOG_FILE: "dtuf.log" }));
    expect(await readFile(log, "utf8")).toMatch(/ERROR .*COPY_TARGET_UNKNOWN/);
  });

  test("shows its help and every command's, and its version", async () => {
    const help = await end(start(["--help"]));
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const command of ["create-root-key", "pull-target", "push-blob", "login"])
      expect(help.stdout).toContain(command);
    const ofCommand = await end(start(["push-metadata", "--help"]));
    expect(ofCommand.stdout).toContain("DTUF_TIMESTAMP_LIFETIME");
    expect((await end(start(["--version"]))).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
