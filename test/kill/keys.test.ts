/** A change of the root's keys is killed at each change of the disk, or the disk is full from some call on. */
import { join } from "node:path";
import { createLayoutStore } from "@dtuf/registry/layout";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { readRelease } from "@dtuf/testing/reference-reader";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, expect, test } from "vitest";
import { addHolder, now, openPublisher } from "./keys-day.ts";

const start = useDirectory("all tests");
let root: Uint8Array;
beforeAll(async () => {
  const master = openPublisher(start);
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  await master.pushMetadata();
  root = await master.rootFile();
});

/** The threshold that a client sees which has the first root. */
async function look(directory: string): Promise<number> {
  const store = createLayoutStore({ directory: join(directory, "registry") });
  const set = await readRelease(store, root, now());
  return set.root.signed.roles.root.threshold;
}

async function expectNextRunGoesOn(directory: string): Promise<void> {
  await addHolder(directory);
  expect(await look(directory)).toBe(2);
}

const patience = { timeout: 600_000 };

test(
  "killed at any change, a change of keys leaves the old root or the new, and the next run goes on",
  patience,
  async () => {
    const program = join(import.meta.dirname, "keys-day.ts");
    const seen = new Set<number>();
    const check = async (directory: string): Promise<void> => {
      seen.add(await look(directory));
      await expectNextRunGoesOn(directory);
    };
    expect(await killAtEachChange({ program, before: start, check })).toBeGreaterThan(20);
    expect(seen).toEqual(new Set([1, 2]));
  },
);

test("on a disk that is full, a change of keys says so and keeps what is staged", patience, async () => {
  let failures = 0;
  const check = async (directory: string, outcome: string): Promise<void> => {
    expect(outcome).toMatch(/^(?:fine|FILE_NO_SPACE|create-key: 8)$/);
    expect([1, 2]).toContain(await look(directory));
    if (outcome !== "fine") failures++;
    await expectNextRunGoesOn(directory);
  };
  await failAtEachCall({ before: start, run: addHolder, kind: "full", check });
  expect(failures).toBeGreaterThan(5);
});
