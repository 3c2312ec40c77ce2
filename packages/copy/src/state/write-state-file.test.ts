import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { expect, test } from "vitest";
import { writeStateFile } from "./write-state-file.ts";

const home = useDirectory();
test("a directory with the name of the file is removed with its content, and targets of its links are not", async () => {
  const path = join(home, "state.json");
  await mkdir(join(path, "full"), { recursive: true });
  await writeFile(join(home, "outside"), "stays");
  await symlink(join(home, "outside"), join(path, "full", "link"));
  await writeStateFile(path, "new", { mode: 0o600 });
  expect(await readFile(path, "utf8")).toBe("new");
  expect((await readdir(home)).toSorted()).toEqual(["outside", "state.json"]);
});

test("any other failure throws, and nothing is removed", async () => {
  await expectRefused(writeStateFile(join(home, "none", "x"), "new", {}), "FILE_IO");
  expect(await readdir(home)).toEqual([]);
});
