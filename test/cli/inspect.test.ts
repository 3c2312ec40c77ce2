/** Why a machine did not update is told afterwards, without a request. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const { machine, registry } = useMachineAndRegistry();

beforeEach(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
});

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const inspect = async (): Promise<unknown> => JSON.parse((await machine.must(["inspect", repo, "--json"])).stdout);
const refuse = (): void => {
  registry.script({ match: { path: /manifests/ }, fault: { kind: "answer", status: 403 } });
};

test("the first failure is kept although nothing was ever pulled, with its code and its source", async () => {
  await machine.must(["pin", repo, "root.json"]);
  refuse();
  expect((await machine.run(["pull-metadata", repo])).status).not.toBe(0);
  registry.clearLog();
  expect(await inspect()).toMatchObject({
    status: "empty",
    pin: { version: 1 },
    lastFailure: { code: "OCI_FORBIDDEN", sources: [expect.stringContaining("fred/demo")] },
  });
  expect(registry.requests).toEqual([]);
});

test("a success after a failure is newer than it, although the one before was a moment ago", async () => {
  let time = Date.now();
  machine.now = () => new Date((time += 1000));
  await machine.must(["pull-metadata", repo, "root.json"]);
  refuse();
  expect((await machine.run(["pull-metadata", repo])).status).not.toBe(0);
  expect((await machine.must(["inspect", repo])).stdout).toMatch(/last failure: .*\n {2}OCI_FORBIDDEN: /);
  expect((await machine.must(["inspect", repo])).stdout).not.toContain("a refresh has succeeded since");
  registry.clearScript();
  await machine.must(["pull-metadata", repo]);
  const { stdout } = await machine.must(["inspect", repo]);
  expect(stdout).toContain("; a refresh has succeeded since");
  expect(stdout).toMatch(/pinned: root 1, fingerprint [0-9a-f]{64}\n[^]*cached: valid\n {2}root 1: expires /);
});

test("what is kept of a failure decides nothing: damaged, it is absent", async () => {
  await machine.must(["pull-metadata", repo, "root.json"]);
  await writeFile(join(machine.directory, "dtuf_repos/fred/demo/copy/failure.json"), "{}");
  expect((await machine.must(["inspect", repo])).stdout).toContain("last failure: never");
  await machine.must(["pull-metadata", repo]);
});

test("--cache-if-valid asks the registry again when the last success is longer ago than its duration", async () => {
  let time = Date.now();
  machine.now = () => new Date(time);
  await machine.must(["pull-metadata", repo, "root.json"]);
  const requests = async (...words: string[]): Promise<number> => {
    registry.clearLog();
    await machine.must(["pull-metadata", ...words]);
    return registry.requests.length;
  };
  time += 2 * 3_600_000;
  expect(await requests("--cache-if-valid", repo)).toBe(0);
  expect(await requests(repo, "--cache-if-valid")).toBe(0);
  expect(await requests("--cache-if-valid", "3h", repo)).toBe(0);
  expect(await requests(repo, "--cache-if-valid=1h")).toBeGreaterThan(0);
  expect(await requests(repo, "--cache-if-valid", "1h")).toBe(0);
  expect((await machine.run(["pull-metadata", repo, "--cache-if-valid=soon"])).status).toBe(2);
});

test("nothing pinned is an error", async () => {
  expect(await machine.run(["inspect", repo])).toMatchObject({ status: 2, stdout: "" });
});

test("a target that is refused is a failure too: the error and inspect name the target, and what was refreshed before is no success", async () => {
  let time = Date.now();
  machine.now = () => new Date((time += 1000));
  registry.script({
    match: { path: new RegExp(sha256("Hello World\n")) },
    fault: { kind: "change", body: () => Buffer.from("Jello World\n") },
  });
  const refused = await machine.run(["pull", repo, "--root", "root.json", "--output", "files"]);
  expect(refused.stderr).toMatch(/\(target "demo\.txt"\) \(OCI_DIGEST_MISMATCH\)/);
  const { stdout } = await machine.must(["inspect", repo]);
  expect(stdout).toMatch(/last failure: .*\n {2}OCI_DIGEST_MISMATCH: .*demo\.txt/);
  expect(stdout).not.toContain("a refresh has succeeded since");
});
