/** A publisher into a layout is killed at each change of the disk, or meets a full or a broken one at each file call. */
import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { collect, parseManifest, type Descriptor } from "@dtuf/registry";
import { isTemporaryFile } from "@dtuf/registry/files";
import { createLayoutStore } from "@dtuf/registry/layout";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { createRelease, latest, publishRelease } from "./layout-publish.ts";

const folder = useDirectory("all tests");
let first: string;
beforeAll(async () => {
  first = join(folder, "first");
  await publishRelease(first, 1);
});

/** Which release readers see, after reading every byte of everything that the layout lists. */
async function readRelease(directory: string): Promise<number | undefined> {
  const store = createLayoutStore({ directory });
  const names = [];
  for await (const tag of store.listTags()) names.push(tag);
  for (const tag of names) {
    const found = await store.resolve(tag, { want: "bytes" });
    const manifest = parseManifest(found?.bytes ?? new Uint8Array());
    const blobs: readonly Descriptor[] = manifest.kind === "manifest" ? [manifest.config, ...manifest.layers] : [];
    for (const blob of blobs) {
      const stream = await store.open(blob);
      if (stream === undefined) throw new Error(`${tag} refers to ${blob.digest}, which is not there`);
      await collect(stream, 10_000);
    }
  }
  const digest = (await store.resolve(latest, { want: "digest" }))?.descriptor.digest;
  return [1, 2].find((version) => createRelease(version).manifest.descriptor.digest === digest);
}

async function listTemporaryFiles(directory: string): Promise<readonly string[]> {
  const names = existsSync(directory) ? await readdir(directory, { recursive: true }) : [];
  return names.filter(isTemporaryFile);
}

const readIndex = (directory: string): Promise<string> => readFile(join(directory, "index.json"), "utf8");

describe.each([
  { name: "the first release", old: undefined, next: 1 },
  { name: "the next release", old: 1, next: 2 },
])("a publication of $name", ({ old, next }) => {
  let before: string | undefined;
  let index: string;
  beforeAll(async () => {
    before = old === undefined ? undefined : first;
    const whole = join(folder, `whole-${next}`);
    for (let version = 1; version <= next; version++) await publishRelease(whole, version);
    index = await readIndex(whole);
  });

  async function expectNextRunGoesOn(directory: string): Promise<void> {
    await publishRelease(directory, next);
    expect(await readRelease(directory)).toBe(next);
    expect(await readIndex(directory)).toBe(index);
  }

  test("leaves the old state or the new one when killed at any change, and the next run goes on", async () => {
    const seen = new Set<number | undefined>();
    const program = join(import.meta.dirname, "layout-publish.ts");
    const check = async (directory: string): Promise<void> => {
      seen.add(await readRelease(directory));
      await expectNextRunGoesOn(directory);
    };
    expect(await killAtEachChange({ program, args: [String(next)], before, check })).toBeGreaterThan(20);
    expect(seen).toEqual(new Set([old, next]));
  });

  test.each([
    ["ENOSPC", "FILE_NO_SPACE"],
    ["EIO", "FILE_IO"],
  ] as const)(
    "leaves the old state or the new one after %s at any call, and the next run goes on",
    async (kind, code) => {
      let named = 0;
      const run = (directory: string): Promise<void> => publishRelease(directory, next);
      const check = async (directory: string, outcome: string): Promise<void> => {
        expect([old, next]).toContain(await readRelease(directory));
        expect(await listTemporaryFiles(directory)).toEqual([]);
        expect(["fine", code]).toContain(outcome);
        if (outcome !== "fine") named++;
        await expectNextRunGoesOn(directory);
      };
      await failAtEachCall({ before, run, kind, check });
      expect(named).toBeGreaterThan(5);
    },
  );
});
