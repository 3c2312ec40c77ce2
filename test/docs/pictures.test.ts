/** The pictures in the documents are what their text says. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { root } from "../structure/sources.ts";

const run = promisify(execFile);
const folder = join(root, "docs", "pictures");

test("each picture is made from the text beside it", async () => {
  const drawn = await mkdtemp(join(tmpdir(), "pictures-"));
  try {
    await run(process.execPath, [join(folder, "draw.ts"), drawn]);
    const names = await readdir(drawn);
    expect(names.toSorted()).toEqual((await readdir(folder)).filter((name) => name.endsWith(".svg")).toSorted());
    for (const name of names) {
      expect(await readFile(join(drawn, name), "utf8")).toBe(await readFile(join(folder, name), "utf8"));
    }
  } finally {
    await rm(drawn, { recursive: true, force: true });
  }
});
