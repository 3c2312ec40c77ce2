/** `--part-size`: a file that is larger than a registry's largest blob is stored as several blobs, and is one target. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const content = randomBytes(2_500_000);
const { machine, registry } = useMachineAndRegistry();

beforeEach(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await writeFile(join(machine.directory, "disk.img"), content);
});
test.each([
  ["push-target", ["disk.img", "disk.img"]],
  ["push-targets", ["disk.img"]],
])("%s --part-size 1m stores no larger blob, and a client gets the file", async (command, words) => {
  await machine.must([command, repo, ...words, "--part-size", "1m"]);
  await machine.must(["push-metadata", repo]);
  const { blobs } = registry.repository(repo);
  expect([...blobs.values()].map(({ length }) => length).filter((length) => length > 100_000)).toEqual([
    2 ** 20,
    2 ** 20,
    content.length - 2 ** 21,
  ]);
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await machine.must(["pull-metadata", repo, "root.json"]);
  await machine.must(["pull-target", repo, "disk.img", "--output", "out.img"]);
  expect((await readFile(join(machine.directory, "out.img"))).equals(content)).toBe(true);
});

test("a target that is another one keeps that one's parts: a size of parts is refused", async () => {
  const { status, stderr } = await machine.run(["push-target", repo, "other", "@demo.txt", "--part-size", "1m"]);
  expect([status, stderr]).toEqual([2, expect.stringContaining("--part-size")]);
});

test("a size that makes more parts than clients take is refused, and nothing is staged", async () => {
  await writeFile(join(machine.directory, "large.img"), Buffer.alloc(10_001 * 1024));
  const { stderr } = await machine.run(["push-target", repo, "large.img", "large.img", "--part-size", "1k"]);
  expect(stderr).toMatch(/10001 parts.*at most 10000.*MASTER_PART_INVALID/);
  expect((await machine.must(["status", repo, "--json"])).stdout).not.toContain("large.img");
});
