import { execFileSync } from "node:child_process";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { expect, test } from "vitest";
import { appendToFile, findFile } from "./regular-file.ts";

const directory = useDirectory();
test("gives a file of exactly the bound, and refuses one byte more", async () => {
  const path = join(directory, "file");
  await writeFile(path, "12345");
  expect(Buffer.from((await findFile(path, { maxBytes: 5 })) ?? []).toString()).toBe("12345");
  await expectRefused(findFile(path, { maxBytes: 4 }), "FILE_TOO_LARGE");
});

test("a missing file is undefined", async () => {
  expect(await findFile(join(directory, "no"), { maxBytes: 5 })).toBeUndefined();
  expect(await findFile(join(directory, "no", "file"), { maxBytes: 5 })).toBeUndefined();
});

test("refuses a directory and does not wait on a pipe", async () => {
  execFileSync("mkfifo", [join(directory, "pipe")]);
  for (const path of [directory, join(directory, "pipe")]) {
    await expectRefused(findFile(path, { maxBytes: 5 }), "FILE_NOT_REGULAR");
  }
});

test("follows a link only if the caller allows it", async () => {
  await writeFile(join(directory, "file"), "12345");
  await symlink("file", join(directory, "link"));
  const path = join(directory, "link");
  await expectRefused(findFile(path, { maxBytes: 5 }), "FILE_NOT_REGULAR");
  expect(String(await findFile(path, { maxBytes: 5, followLinks: true }))).toBe("12345");
});

test("appends to a file, but neither through a link nor to a pipe, and does not wait on it", async () => {
  const path = join(directory, "log");
  for (const text of ["a", "b"]) await appendToFile(path, text);
  expect(await readFile(path, "utf8")).toBe("ab");
  await symlink("log", join(directory, "link"));
  execFileSync("mkfifo", [join(directory, "pipe")]);
  for (const name of ["link", "pipe"]) {
    await expectRefused(appendToFile(join(directory, name), "c"), "FILE_NOT_REGULAR");
  }
  expect(await readFile(path, "utf8")).toBe("ab");
});
