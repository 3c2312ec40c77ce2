import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { expect, test } from "vitest";
import { openContent } from "../content.ts";
import { fileContent } from "./file-content.ts";
import { collect } from "../verifying.ts";

const directory = useDirectory();
test.each([0, 1, 2_999_999, 3_000_000])(
  "a file and its bytes in memory read the same from offset %i",
  async (offset) => {
    const bytes = Buffer.alloc(3_000_000, "0123456789abc");
    const path = join(directory, "file");
    await writeFile(path, bytes);
    const fromFile = await collect(openContent(fileContent(path), offset), bytes.length);
    const fromMemory = await collect(openContent(bytes, offset), bytes.length);
    expect(Buffer.compare(fromFile, bytes.subarray(offset))).toBe(0);
    expect(Buffer.compare(fromMemory, bytes.subarray(offset))).toBe(0);
  },
);

test("reading a missing file throws a FileError", async () => {
  const content = fileContent(join(directory, "no"));
  await expectRefused(collect(content.open(0), 1), "FILE_IO", { details: { errno: "ENOENT" } });
});

test("a pipe and a device are refused, not waited on: they could be read once only, or without end [T29]", async () => {
  const pipe = join(directory, "pipe");
  execFileSync("mkfifo", [pipe]);
  for (const path of [pipe, "/dev/zero"]) {
    await expectRefused(collect(fileContent(path).open(0), 1), "FILE_NOT_REGULAR");
  }
});
