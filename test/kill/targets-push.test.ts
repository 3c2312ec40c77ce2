/** A push of many targets is killed at each change of the disk, or the disk is full from some call on. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, expect, test } from "vitest";
import { openMaster, pushDirectory } from "./targets-push.ts";

const alone = ["replace one"];
const together = ["replace one", "delete two", "add three", "add four"].toSorted();
const takenBack = together.filter((change) => change !== "add four");

const start = useDirectory("all tests");
beforeAll(async () => {
  await writeFile(join(start, "old"), "old");
  await writeFile(join(start, "new"), "new");
  await using master = openMaster(start);
  const old = [{ kind: "file", path: join(start, "old") }] as const;
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  await master.pushTargets(["one", "two"].map((name) => ({ name, parts: old })));
  await master.pushMetadata();
  await master.pushTarget("one", [{ kind: "file", path: join(start, "new") }]);
});

async function staged(directory: string): Promise<readonly string[]> {
  await using master = openMaster(directory);
  return (await master.staged()).targets.map(({ path, change }) => `${change} ${path}`).toSorted();
}

async function expectNextRunGoesOn(directory: string): Promise<void> {
  await pushDirectory(directory);
  expect(await staged(directory)).toEqual(takenBack);
  await using master = openMaster(directory);
  await master.pushMetadata();
  expect((await master.listTargets()).toSorted()).toEqual(["one", "three"]);
}

const patience = { timeout: 600_000 };

test("killed at any change, a push of many targets stages all of them or none, and goes on", patience, async () => {
  const seen = new Set<string>();
  const program = join(import.meta.dirname, "targets-push.ts");
  const check = async (directory: string): Promise<void> => {
    const between = await staged(directory);
    expect([alone, together, takenBack]).toContainEqual(between);
    seen.add(JSON.stringify(between));
    await expectNextRunGoesOn(directory);
  };
  expect(await killAtEachChange({ program, before: start, check })).toBeGreaterThan(10);
  expect(seen.size).toBe(3);
});

test("on a disk that is full from any moment on, a push of many targets stages all or none", patience, async () => {
  let failures = 0;
  const check = async (directory: string, outcome: string): Promise<void> => {
    expect([alone, together, takenBack]).toContainEqual(await staged(directory));
    expect(["fine", "FILE_NO_SPACE"]).toContain(outcome);
    if (outcome !== "fine") failures++;
    await expectNextRunGoesOn(directory);
  };
  await failAtEachCall({ before: start, run: pushDirectory, kind: "full", check });
  expect(failures).toBeGreaterThan(5);
});
