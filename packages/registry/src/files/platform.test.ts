import { armFileFault } from "@dtuf/testing/file-faults/file-faults";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import {
  isFileName,
  isLinkThatOpenFollows,
  isWithoutDirectorySync,
  renameWithRetries,
  type RenameOptions,
} from "./platform.ts";

const directory = useDirectory();
let from: string;
let slept: number[];

beforeEach(async () => {
  from = join(directory, "new");
  await writeFile(from, "new");
  slept = [];
});

const on = (system: string): RenameOptions => ({ system, sleep: async (ms) => void slept.push(ms) });

test("on Windows a rename that was refused is tried again", async () => {
  const to = join(directory, "old");
  await writeFile(to, "old");
  const fault = await armFileFault({ root: directory, kind: "EACCES", at: 1 });
  await renameWithRetries(from, to, on("win32")).finally(fault.disarm);
  expect(slept).toEqual([10]);
  expect(await readFile(to, "utf8")).toBe("new");
});

// Linux always answers EBUSY for this name.
const busy = (): string => join(directory) + "/.";

test("on Windows a rename that stays refused ends after three seconds", async () => {
  await expectRefused(renameWithRetries(from, busy(), on("win32")), "EBUSY");
  const waitedMs = slept.reduce((sum, ms) => sum + ms, 0);
  expect(waitedMs).toBeGreaterThanOrEqual(3000);
  expect(waitedMs).toBeLessThanOrEqual(3200);
});

test("on other systems a refused rename is not tried again, and on none if the file does not exist", async () => {
  await expectRefused(renameWithRetries(from, busy(), on("linux")), "EBUSY");
  const lost = renameWithRetries(join(directory, "no"), from, on("win32"));
  await expectRefused(lost, "ENOENT");
  expect(slept).toEqual([]);
});

const errno = (code: string): Error => Object.assign(new Error(code), { code, errno: -1, syscall: "fsync" });

test.each(["EPERM", "EISDIR", "EACCES"])("%s of a directory's fsync is tolerated on Windows alone", (code) => {
  expect(isWithoutDirectorySync(errno(code), "win32")).toBe(true);
  for (const system of ["linux", "darwin", "freebsd"]) expect(isWithoutDirectorySync(errno(code), system)).toBe(false);
});

test.each(["ENOSPC", "EIO", "ENOENT", "EROFS"])("%s of a directory's fsync is an error everywhere", (code) => {
  for (const system of ["win32", "linux"]) expect(isWithoutDirectorySync(errno(code), system)).toBe(false);
});

describe("a file's name", () => {
  test.each(["", ".", "..", "a/b", "/", "a\0"])("is never %j", (name) => {
    for (const system of ["linux", "darwin", "win32"]) expect(isFileName(name, system)).toBe(false);
  });

  test.each([
    ...["con", "CON", "Nul", "aux.txt", "prn.tar.gz", "com1", "LPT9.log", "com¹", "con .txt", "conin$"],
    ...["a:b", "C:", "dot.", "space ", "a\\b", "..\\x", "what?", "a*", 'a"b', "a|b", "<a", "tab\t"],
  ])("is not %j on Windows, but may be on other systems", (name) => {
    expect(isFileName(name, "win32")).toBe(false);
    for (const system of ["linux", "darwin"]) expect(isFileName(name, system)).toBe(true);
  });

  test.each(["console", "com", "com10", "nul-1", "a.con", "..a", ".hidden", "ü", "a b", "$"])(
    "may be %j everywhere",
    (name) => {
      for (const system of ["linux", "darwin", "win32"]) expect(isFileName(name, system)).toBe(true);
    },
  );
});

test("on Windows, which opens through a link, a link is seen before anything is opened", async () => {
  await symlink("new", join(directory, "link"));
  expect(await isLinkThatOpenFollows(join(directory, "link"), "win32")).toBe(true);
  expect(await isLinkThatOpenFollows(from, "win32")).toBe(false);
});
