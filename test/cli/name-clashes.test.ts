/** Targets that no client can pull into one directory. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { useMachine } from "./use-machine.ts";

const machine = useMachine();
const repo = "oci:repo";
const caseClash = 'the targets "a" and "A" are one file name';
const treeClash = 'the target "a" is a file, and "a/b" needs a directory';

beforeEach(async () => {
  for (const [directory, name] of [
    ["one", "a"],
    ["two", "A"],
    ["three/a", "b"],
  ] as const) {
    await mkdir(join(machine.directory, directory), { recursive: true });
    await writeFile(join(machine.directory, directory, name), directory);
  }
  await machine.must(["init", repo]);
  await machine.must(["publish", repo, "one/a"]);
});

test.each([
  ["publish", ["publish", repo, "two/A"], caseClash],
  ["publish --dry-run", ["publish", repo, "two/A", "--dry-run"], caseClash],
  ["push-targets", ["push-targets", repo, "two"], caseClash],
  ["push-targets, a directory", ["push-targets", repo, "three"], treeClash],
])("%s warns, names both, and goes on", async (_name, words, warning) => {
  expect((await machine.must(words)).stderr).toContain(warning);
});

test("push-metadata and verify-repository warn too, and pull names both as an error", async () => {
  await machine.must(["push-target", repo, "a/b", "three/a/b"]);
  expect((await machine.must(["push-metadata", repo])).stderr).toContain(treeClash);
  await writeFile(join(machine.directory, "other"), "other");
  expect((await machine.must(["publish", repo, "other"])).stderr).not.toContain(treeClash);
  const verified = await machine.must(["verify-repository", repo, "--root", "root.json"]);
  expect(verified.stderr).toContain(treeClash);
  const pulled = await machine.run(["pull", repo, "--root", "root.json", "--tree", "--output", "all/"]);
  expect([pulled.status, pulled.stderr]).toEqual([
    2,
    expect.stringContaining('"a" and "a/b" would be one file and its directory'),
  ]);
});
