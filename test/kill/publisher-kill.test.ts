/** A publisher is killed at each change of the disk in its day, or the disk is full from some call on. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createMaster } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, expect, test } from "vitest";
import { publishDay } from "./publisher-day.ts";

const after = new Date("2030-01-20T00:00:01Z");
const old = ["old", undefined, "old"];
const renewed = ["new", "newnew", undefined];

const start = useDirectory("all tests");
let root: Uint8Array;
beforeAll(async () => {
  root = await prepare(start);
});

/** Two old releases, so that there is something to prune; a target to change and one to delete. */
async function prepare(directory: string): Promise<Uint8Array> {
  let now = new Date("2030-01-01T00:00:00Z");
  const store = createLayoutStore({ directory: join(directory, "registry"), now: () => now });
  const master = createMaster({ store, place: "here", directory: join(directory, "master"), now: () => now });
  await writeFile(join(directory, "old"), "old");
  await writeFile(join(directory, "new"), "new");
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  await master.pushTarget("changed", [{ kind: "file", path: join(directory, "old") }]);
  await master.pushTarget("dropped", [{ kind: "file", path: join(directory, "old") }]);
  await master.pushMetadata();
  now = new Date("2030-01-10T00:00:00Z");
  await master.pushMetadata();
  now = new Date("2030-01-19T23:00:00Z");
  await master.pushMetadata();
  return master.rootFile();
}

async function look(directory: string): Promise<readonly (string | undefined)[]> {
  const store = createLayoutStore({ directory: join(directory, "registry") });
  const set = await readRelease(store, root, after);
  return Promise.all(["changed", "double", "dropped"].map((name) => readTarget(store, set, name)));
}

async function expectNextRunGoesOn(directory: string): Promise<void> {
  await publishDay(directory);
  expect(await look(directory)).toEqual(renewed);
  expect(await readdir(join(directory, "master/keys/previous"))).toEqual([]);
}

const patience = { timeout: 600_000 };

test("killed at any change, a publisher leaves the old release or the new, and goes on", patience, async () => {
  const seen = new Set<string>();
  const program = join(import.meta.dirname, "publisher-day.ts");
  const check = async (directory: string): Promise<void> => {
    const between = await look(directory);
    expect([old, renewed]).toContainEqual(between);
    seen.add(JSON.stringify(between));
    await expectNextRunGoesOn(directory);
  };
  expect(await killAtEachChange({ program, before: start, check })).toBeGreaterThan(100);
  expect(seen.size).toBe(2);
});

test("a disk that is full from any moment on is named, and a publisher goes on when it is not", patience, async () => {
  let failures = 0;
  const check = async (directory: string, outcome: string): Promise<void> => {
    expect([old, renewed]).toContainEqual(await look(directory));
    // The last calls only delete, for which a full disk has room.
    expect(["fine", "FILE_NO_SPACE"]).toContain(outcome);
    if (outcome !== "fine") failures++;
    await expectNextRunGoesOn(directory);
  };
  await failAtEachCall({ before: start, run: publishDay, kind: "full", check });
  expect(failures).toBeGreaterThan(5);
});
