import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { expect, test } from "vitest";
import { createFileHashes } from "./file-hashes.ts";

const hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const home = useDirectory();
/** Bytes that this process has read so far, as Linux counts them. */
const readSoFar = (): number => Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "latin1"))?.[1]);

test.runIf(process.platform === "linux")("a file that did not change is read once", async () => {
  const [path, content] = [join(home, "seed"), randomBytes(8_000_000)];
  await writeFile(path, content);
  const hashes = createFileHashes();
  const before = readSoFar();
  for (let time = 0; time < 3; time += 1) expect(await hashes.find(path)).toBe(hex(content));
  expect(readSoFar() - before).toBeLessThan(2 * content.length);
});

test("a file that changed is hashed again, also if its size and time are those from before", async () => {
  const [path, next] = [join(home, "seed"), randomBytes(1000)];
  await writeFile(path, randomBytes(1000));
  const hashes = createFileHashes();
  await hashes.find(path);
  const { atime, mtime } = await stat(path);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await writeFile(path, next);
  await utimes(path, atime, mtime);
  expect(await hashes.find(path)).toBe(hex(next));
});

test("what is missing, empty or no file has no hash", async () => {
  await writeFile(join(home, "empty"), "");
  const hashes = createFileHashes();
  for (const name of ["empty", "missing", "."]) expect(await hashes.find(join(home, name))).toBeUndefined();
});
