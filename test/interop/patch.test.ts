/** A second implementation of docs/format.md, section 13, applies our patches: peers/patch.py. */
import { execFile, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "../cli/machine.ts";

const script = join(import.meta.dirname, "peers", "patch.py");
const vectors = join(import.meta.dirname, "../../packages/delta/src/vectors/patch.json");
const hasPrograms = ["python3", "zstd"].every((program) => spawnSync(program, ["--version"]).status === 0);
const old = randomBytes(1_500_000);
const content = Buffer.from(old);
for (let at = 0; at < content.length; at += 5000) content[at] = (content[at] ?? 0) + 1;
/** Few bytes of it differ, and some are inserted. */
const other = Buffer.concat([old.subarray(0, 700_000), Buffer.from("inserted, then the beginning again"), old]);
other[30] = 7;
let machine: Machine;

const at = (name: string): string => join(machine.directory, name);

async function python(...words: readonly string[]): Promise<string> {
  return (await promisify(execFile)("python3", [script, ...words], { cwd: machine.directory })).stdout.trim();
}

beforeAll(async () => {
  machine = await createMachine();
  await publishDemo(machine, "fred/demo", "small");
  await writeFile(at("old.bin"), old);
  await writeFile(at("new.bin"), content);
  await machine.must(["push-target", "fred/demo", "app", "new.bin", "--patch-from", "old.bin"]);
  await machine.must(["push-metadata", "fred/demo"]);
});
afterAll(() => machine[Symbol.asyncDispose]());

describe.skipIf(!hasPrograms)("Python's standard library and zstd", () => {
  test("make a target from an older file and its patch", async () => {
    await python("dtuf_registry/fred/demo", "app", "old.bin", "made.bin");
    expect((await readFile(at("made.bin"))).equals(content)).toBe(true);
  });

  test("make a target that hardly differs from an older file", async () => {
    await writeFile(at("other.bin"), other);
    await machine.must(["push-target", "fred/demo", "other", "other.bin", "--patch-from", "old.bin"]);
    await machine.must(["push-metadata", "fred/demo"]);
    await python("dtuf_registry/fred/demo", "other", "old.bin", "made.bin");
    expect((await readFile(at("made.bin"))).equals(other)).toBe(true);
  });

  test("make a target from its compressed copy", async () => {
    const text = Buffer.from(
      Array.from({ length: 400_000 }, (_, line) => `${(line * line) % 7919};${line}\n`).join(""),
    );
    await writeFile(at("text"), text);
    await writeFile(at("empty"), "");
    await machine.must(["push-target", "fred/demo", "text", "text", "--compress"]);
    await machine.must(["push-metadata", "fred/demo"]);
    await python("dtuf_registry/fred/demo", "text", "empty", "made.bin");
    expect((await readFile(at("made.bin"))).equals(text)).toBe(true);
  });

  test("decode the vectors of both codings", async () => {
    const counted = Array.from({ length: 625 }, (_, each) => createHash("sha256").update(`vector${each}`).digest());
    const window = Buffer.concat(counted, 20_000);
    const plain = Buffer.concat([window.subarray(10_000), Buffer.alloc(50)]);
    const moved = Buffer.from(plain);
    for (let place = 0; place < 10_000; place += 50) moved[place] = (moved[place] ?? 0) + 1;
    await writeFile(at("window"), window);
    const known = JSON.parse(await readFile(vectors, "utf8")) as { coding: number; coded: string }[];
    for (const [number, wanted] of [plain, moved].entries()) {
      const { coding = 0, coded = "" } = known[number] ?? {};
      await writeFile(at("coded"), Buffer.from(coded, "hex"));
      const sha256 = createHash("sha256").update(wanted).digest("hex");
      expect(await python("decode", String(coding), "window", String(wanted.length), "coded")).toBe(sha256);
    }
  });
});
