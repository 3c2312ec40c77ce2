import { createHash } from "node:crypto";
import { open, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ByteStream } from "@dtuf/registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { openVerifiedFile, type VerifiedFile } from "./verified-file.ts";

const content = Buffer.alloc(300_000, "0123456789");
const wanted = { length: content.length, sha256: createHash("sha256").update(content).digest("hex") };

const directory = useDirectory();
let path: string;
beforeEach(async () => {
  path = join(directory, "staged");
  await writeFile(path, content);
});

async function readAll(bytes: ByteStream): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

async function withOpen(work: (file: VerifiedFile) => Promise<void>): Promise<void> {
  const file = await openVerifiedFile(path, wanted);
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

describe("a staged file that is open", () => {
  test("gives any part of its bytes", () =>
    withOpen(async (file) => {
      for (const [from, to] of [
        [0, content.length],
        [5, 6],
        [65_535, 131_073],
        [299_999, 300_000],
        [7, 7],
      ] as const)
        expect((await readAll(file.read(from, to))).equals(content.subarray(from, to))).toBe(true);
    }));

  test("gives no byte of a block that was changed after it was verified", () =>
    withOpen(async (file) => {
      const other = await open(path, "r+");
      await other.write("x", 200_000);
      await other.close();
      expect((await readAll(file.read(0, 100))).toString()).toBe(content.subarray(0, 100).toString());
      await expectRefused(readAll(file.read(196_700, 196_800)), "AGENT_STAGED_DIFFERS", { security: true });
      await truncate(path, 70_000);
      await expectRefused(readAll(file.read(66_000, 140_000)), "AGENT_STAGED_DIFFERS");
    }));

  test("is not another file that got its name", () =>
    withOpen(async (file) => {
      await writeFile(join(directory, "other"), Buffer.alloc(300_000, "x"));
      await rename(join(directory, "other"), path);
      expect((await readAll(file.read(150_000, 300_000))).equals(content.subarray(150_000))).toBe(true);
    }));
});

test.each([
  ["longer", Buffer.concat([content, content])],
  ["shorter", content.subarray(1)],
  ["of other bytes", Buffer.alloc(300_000, "x")],
])("a file that is %s is refused before a byte of it is given", async (_what, bytes) => {
  await writeFile(path, bytes);
  await expectRefused(openVerifiedFile(path, wanted), "AGENT_STAGED_DIFFERS");
});
