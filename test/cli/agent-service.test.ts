/** `dtuf agent run` as a process: what a service's manager, a driving program and a bad network see of it. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdir, readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const bin = fileURLToPath(new URL("../../packages/cli/src/bin/dtuf.ts", import.meta.url));
const repo = "fred/demo";
const large = "x".repeat(3_000_000);
/** Only what hangs takes that long. */
const patience = { timeout: 100_000 };
const { machine, registry } = useMachineAndRegistry("all tests");
let home: string;
let homes = 0;
let children: ChildProcessWithoutNullStreams[] = [];

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await release("1.0.0");
});
beforeEach(async () => {
  home = join(machine.directory, `home-${++homes}`);
  await mkdir(join(home, "bin"), { recursive: true });
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  registry.clearScript();
});

async function release(version: string): Promise<void> {
  await machine.must(["release", repo, "app", version, "-"], `${version} ${large}`);
  await machine.must(["push-metadata", repo]);
}

async function writeSettings(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const install = { kind: "file", path: "bin/app" };
  const settings = { repository: repo, root: "../root.json", name: "app", directory: "state", install, ...more };
  await writeFile(join(home, "agent.json"), JSON.stringify(settings));
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | string | null>;
  /** stdout and stderr. */
  readonly said: () => string;
}

function start(...words: readonly string[]): Running {
  const env = { PATH: process.env["PATH"] ?? "", ...machine.environment };
  const all = ["--conditions=@dtuf/source", bin, "agent", "run", join(home, "agent.json"), ...words];
  const child = spawn(process.execPath, all, { cwd: machine.directory, env });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | string | null>((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  return { child, ended, said: () => said };
}

/** The process says it, or has ended. */
async function untilSaid({ said, child }: Running, words: string | RegExp): Promise<void> {
  await expect.poll(() => (child.exitCode === null ? said() : `${said()}ended`), patience).toMatch(words);
}

const installed = async (): Promise<string> => (await readFile(join(home, "bin", "app"), "utf8")).slice(0, 5);

async function socketsOf(pid: number | undefined): Promise<readonly string[]> {
  const descriptors = join("/proc", String(pid), "fd");
  const names = (await readdir(descriptors)).filter((name) => Number(name) > 2);
  const links = await Promise.all(names.map((name) => readlink(join(descriptors, name)).catch(() => "")));
  return links.filter((link) => link.startsWith("socket:"));
}

const stallDownload = (): void => {
  registry.script({ match: { method: "GET", path: /blobs/ }, fault: { kind: "stall", after: 2_500_000 } });
};

describe("a service", () => {
  test("has no socket open between two rounds, installs what comes, and ends with 0 at SIGTERM", async () => {
    await writeSettings({ every: "2s" });
    const running = start();
    await untilSaid(running, "the next check is at");
    expect(await installed()).toBe("1.0.0");
    // If the next round is open already, the look after it counts.
    await expect.poll(() => socketsOf(running.child.pid), patience).toEqual([]);
    await release("1.1.0");
    await untilSaid(running, "version 1.1.0 works");
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(running.said()).not.toMatch(/error|interrupted/i);
  });

  test("ends at SIGTERM in the middle of a download, keeps what arrived, and the next run goes on", async () => {
    await writeSettings();
    stallDownload();
    const running = start();
    await untilStaging();
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    registry.clearScript();
    const before = registry.requests.length;
    await machine.must(["agent", "run", join(home, "agent.json"), "--once"]);
    const ranges = registry.requests.slice(before).flatMap(({ headers }) => headers["range"] ?? []);
    expect(ranges.join()).toMatch(/^bytes=[1-9]/);
    expect(await installed()).toBe("1.1.0");
  });

  test("finishes a health check that runs when SIGTERM comes, and confirms", async () => {
    await writeSettings({ health: ["sh", "-c", "touch checking; sleep 1"] });
    const running = start();
    await expect.poll(() => readdir(home), patience).toContain("checking");
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(running.said()).toContain("version 1.1.0 works");
  });

  test("that is killed while the health check runs asks again in the next run, and then goes back or stays", async () => {
    await writeSettings();
    await machine.must(["agent", "run", join(home, "agent.json"), "--once"]);
    await release("1.2.0");
    await writeSettings({ health: ["sh", "-c", "touch checking; while kill -0 $PPID; do sleep 0.1; done"] });
    const running = start();
    await expect.poll(() => readdir(home), patience).toContain("checking");
    running.child.kill("SIGKILL");
    expect(await running.ended).toBe("SIGKILL");
    expect(await installed()).toBe("1.2.0");
    await writeSettings({ health: ["false"] });
    const { stderr } = await machine.must(["agent", "run", join(home, "agent.json"), "--once"]);
    expect(stderr).toContain("version 1.1.0 is installed again");
    expect(await installed()).toBe("1.1.0");
  });

  test.each([
    ["no root is pinned", { root: undefined }, "COPY_NOT_PINNED"],
    ["there is no root file", { root: "none.json" }, "there is no file"],
    ["the repository has no such name", { repository: "No/Name" }, "OCI_REFERENCE_INVALID"],
    ["a program is not there", { metered: ["./none"] }, "AGENT_CONFIG_INVALID"],
  ])("ends at once with 2 if %s", async (_what, settings, words) => {
    await writeSettings(settings);
    const running = start();
    expect(await running.ended).toBe(2);
    expect(running.said()).toContain(words);
  });

  test("whose registry hangs says so after the stall timeout, tries again, and installs when it answers", async () => {
    await writeSettings({ stall: "1s", every: "1s" });
    registry.script({ match: { path: /manifests/ }, fault: { kind: "stall", after: "headers" } });
    const running = start();
    await untilSaid(running, "AGENT_STALLED");
    expect(running.said()).toContain("the next check is at");
    registry.clearScript();
    await untilSaid(running, "version 1.2.0 works");
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
  });
});

/** Some of the download is on the disk. */
async function untilStaging(): Promise<void> {
  const staging = join(home, "bin", ".app.dtuf");
  const sizes = async (): Promise<readonly number[]> => {
    const names = await readdir(staging).catch(() => []);
    const files = await Promise.all(names.map((name) => stat(join(staging, name)).catch(() => undefined)));
    return files.map((file) => file?.size ?? 0);
  };
  await expect.poll(async () => Math.max(0, ...(await sizes())), patience).toBeGreaterThan(100_000);
}

describe("a driven agent", () => {
  test("ends a download that is cancelled and is there for the next command, ends at quit although stdin is open", async () => {
    await writeSettings();
    stallDownload();
    const running = start("--jsonl");
    await untilSaid(running, '"event":"checked"');
    running.child.stdin.write('{"id":1,"command":"stage"}\n');
    await untilSaid(running, '"event":"progress"');
    running.child.stdin.write('{"id":2,"command":"cancel"}\n');
    await untilSaid(running, '"id":1,"ok":false,"error":{"code":"ABORTED"');
    expect(running.said()).toContain('"id":2,"ok":true,"result":{"cancelled":1}');
    registry.clearScript();
    running.child.stdin.write('{"id":3,"command":"stage"}\n{"id":4,"command":"apply"}\n{"id":5,"command":"confirm"}\n');
    await untilSaid(running, '"id":5,"ok":true');
    running.child.stdin.write('{"id":6,"command":"quit"}\n');
    expect(await running.ended).toBe(0);
    expect(running.said()).toMatch(/"id":6,"ok":true[^\n]*\n[^\n]*"type":"ended","status":0\}\n$/);
    expect(await installed()).toBe("1.2.0");
  });

  test.each(["SIGTERM", "SIGKILL of the driving program, which closes stdin"])("ends at %s", async (how) => {
    await writeSettings();
    const running = start("--jsonl");
    await untilSaid(running, '"event":"waiting"');
    if (how === "SIGTERM") running.child.kill("SIGTERM");
    else running.child.stdin.end();
    expect(await running.ended).toBe(0);
    expect(running.said()).toMatch(/\{"type":"ended","status":0\}\n$/);
  });

  test.each(["SIGTERM", "the end of that program"])(
    "is not held by a program that reads nothing: it ends at %s",
    async (how) => {
      await writeSettings();
      const running = start("--jsonl");
      await untilSaid(running, '"event":"waiting"');
      running.child.stdout.removeAllListeners("data");
      running.child.stdout.pause();
      const commands = Array.from({ length: 3000 }, (_, id) => `{"id":${id},"command":"none"}\n`).join("");
      running.child.stdin.on("error", () => undefined).write(commands);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const exited = new Promise((resolve) => void running.child.once("exit", resolve));
      if (how === "SIGTERM") running.child.kill("SIGTERM");
      else running.child.stdout.destroy();
      if (how !== "SIGTERM") running.child.stdin.end();
      expect(await exited).toBe(0);
    },
  );
});
