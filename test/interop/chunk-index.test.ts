/** A second implementation of docs/format.md, section 13, reads our indexes and cuts as we do: peers/chunk_index.py. */
import { execFile, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "../cli/machine.ts";

const script = join(import.meta.dirname, "peers", "chunk_index.py");
const vectors = join(import.meta.dirname, "../../packages/delta/src/vectors/chunk-index.json");
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const content = randomBytes(1_500_000);
let machine: Machine;

async function python(...words: readonly string[]): Promise<string> {
  return (await promisify(execFile)("python3", [script, ...words], { cwd: machine.directory })).stdout.trim();
}

beforeAll(async () => {
  machine = await createMachine();
  await publishDemo(machine, "fred/demo", "small");
  await writeFile(join(machine.directory, "app.bin"), content);
  await machine.must(["push-target", "fred/demo", "app.bin", "app.bin"]);
  await machine.must(["push-metadata", "fred/demo"]);
});
afterAll(() => machine[Symbol.asyncDispose]());

describe.skipIf(!hasPython)("Python's standard library", () => {
  test("verifies a target chunk by chunk from a layout, and finds the chunk that differs", async () => {
    expect(await python("dtuf_registry/fred/demo", "app.bin", "app.bin")).toMatch(/^\d+ chunks are right$/);
    const bent = Buffer.from(content);
    bent.writeUInt8(bent.readUInt8(700_000) ^ 1, 700_000);
    await writeFile(join(machine.directory, "bent.bin"), bent);
    const refused = python("dtuf_registry/fred/demo", "app.bin", "bent.bin");
    await expect(refused).rejects.toMatchObject({
      stderr: expect.stringMatching(/^Invalid: chunk \d+ of \d+ differs/),
    });
  });

  test("cuts the vectors as they are", async () => {
    const counted = Array.from({ length: 6250 }, (_, at) => createHash("sha256").update(`vector${at}`).digest());
    const contents = new Map([
      ["counted 5", Buffer.concat(counted, 5)],
      ["counted 1024", Buffer.concat(counted, 1024)],
      ["counted 200000", Buffer.concat(counted, 200_000)],
      ["zeros 50000", Buffer.alloc(50_000)],
    ]);
    const known = JSON.parse(await readFile(vectors, "utf8")) as { content: string; average: number; index: string }[];
    const cut = known.filter((vector) => contents.has(vector.content));
    expect(cut).toHaveLength(4);
    for (const vector of cut) {
      await writeFile(join(machine.directory, "vector"), contents.get(vector.content) ?? "");
      expect(await python("cut", String(vector.average), "vector")).toBe(vector.index);
    }
  });
});
