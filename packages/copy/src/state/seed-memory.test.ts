/** Where targets were written last: a hint, bounded, that is left out if anything of it is wrong. */
import { createHash, randomBytes } from "node:crypto";
import { readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createIndexMaker } from "@dtuf/delta";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";
import { keptSeedsMax } from "../limits.ts";
import { createSeedMemory, type SeedMemory, type Written } from "./seed-memory.ts";

const content = randomBytes(200_000);
const maker = createIndexMaker({ average: 16_384 });
maker.update(content);
const index = maker.finish();
const sha256 = createHash("sha256").update(content).digest("hex");

const home = useDirectory();
let memory: SeedMemory;
let written: Written;

beforeEach(async () => {
  memory = createSeedMemory(join(home, "seeds"));
  written = { target: "t", length: content.length, sha256, file: join(home, "file"), index };
  await writeFile(written.file, content);
});

test("the index is returned while the file is as it was written", async () => {
  expect(await memory.find("t")).toBeUndefined();
  await memory.add(written);
  const found = await memory.find("t");
  expect(found).toMatchObject({ path: written.file, index: { length: content.length, sha256 } });
  expect(await memory.find("other")).toBeUndefined();
});

test.each<readonly [string, () => Promise<void>]>([
  ["has other bytes", () => writeFile(written.file, "changed")],
  ["was written since", () => utimes(written.file, 1, 1)],
  ["is gone", () => rm(written.file)],
])("if the file %s, its place is known without an index", async (_, change) => {
  await memory.add(written);
  await change();
  expect(await memory.find("t")).toEqual({ path: written.file, index: undefined });
});

test.each<readonly [string, (bytes: Buffer) => Buffer]>([
  ["of another format", () => Buffer.from("{}\n")],
  ["empty", () => Buffer.alloc(0)],
  ["not JSON", () => Buffer.from('["unfinished')],
])("an entry that is %s is no entry", async (_, bend) => {
  await memory.add(written);
  const [name = ""] = await readdir(join(home, "seeds"));
  await writeFile(join(home, "seeds", name), bend(Buffer.alloc(0)));
  expect(await memory.find("t")).toBeUndefined();
});

test("an index that was cut is not used", async () => {
  await memory.add({ ...written, index: index?.subarray(0, -1) });
  expect(await memory.find("t")).toEqual({ path: written.file, index: undefined });
});

test(`the oldest go if there are more than ${keptSeedsMax}`, async () => {
  for (let at = 0; at <= keptSeedsMax; at += 1) {
    await memory.add({ ...written, target: `t${at}` });
    const name = createHash("sha256").update(`t${at}`).digest("hex");
    await utimes(join(home, "seeds", name), at + 1, at + 1).catch(() => undefined);
  }
  expect(await readdir(join(home, "seeds"))).toHaveLength(keptSeedsMax);
  expect(await memory.find("t0")).toBeUndefined();
  expect(await memory.find("t1")).toBeDefined();
});
