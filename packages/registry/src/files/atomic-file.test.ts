import crypto from "node:crypto";
import { execFileSync } from "node:child_process";
import fs, { lstat, mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { describe, expect, test, vi } from "vitest";
import { createAtomicFile, sweepTemporaryFiles, writeFileAtomically } from "./atomic-file.ts";
import { createDirectory } from "./directory.ts";
import { FileError, fileError } from "./errors.ts";

const directory = useDirectory();

test.each(["pipe", "link to a pipe"])("a %s is refused and stays, because others use it [T29]", async (name) => {
  execFileSync("mkfifo", [join(directory, "pipe")]);
  await symlink("pipe", join(directory, "link to a pipe"));
  await expectRefused(writeFileAtomically(join(directory, name), "text"), "FILE_NOT_REGULAR");
  expect((await stat(join(directory, name))).isFIFO()).toBe(true);
  expect((await readdir(directory)).toSorted()).toEqual(["link to a pipe", "pipe"]);
});

describe("createAtomicFile", () => {
  test("shows nothing under the final name before the commit, and everything after it", async () => {
    const path = join(directory, "file");
    const file = await createAtomicFile(path);
    await file.write(Buffer.from("new "));
    await file.write(Buffer.from("bytes"));
    await expectRefused(readFile(path), "ENOENT");
    await file.commit();
    expect(await readFile(path, "utf8")).toBe("new bytes");
    expect(await readdir(directory)).toEqual(["file"]);
  });

  test("leaves the old content and no temporary file after an abort", async () => {
    const path = join(directory, "file");
    await writeFile(path, "old");
    const file = await createAtomicFile(path);
    await file.write(Buffer.from("new"));
    await file.abort();
    await file.abort();
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(directory)).toEqual(["file"]);
    await expect(file.write(Buffer.from("x"))).rejects.toThrow(TypeError);
  });

  test("removes the temporary file if the rename fails", async () => {
    const path = join(directory, "taken");
    await mkdir(path);
    const file = await createAtomicFile(path);
    await expectRefused(file.commit(), "FILE_IO", { details: { syscall: "rename" } });
    expect(await readdir(directory)).toEqual(["taken"]);
  });

  test("names the missing directory", async () => {
    await expectRefused(createAtomicFile(join(directory, "no", "file")), "FILE_IO", { details: { errno: "ENOENT" } });
  });
});

test("a link under the temporary name makes it fail and is not followed [T3]", async () => {
  const victim = join(directory, "victim");
  await writeFile(victim, "untouched");
  const zeros = vi.spyOn(crypto, "randomBytes").mockImplementation((size: number) => Buffer.alloc(size));
  syncBuiltinESMExports();
  try {
    await symlink(victim, join(directory, `.dtuf-tmp-${"0".repeat(16)}`));
    await expect(createAtomicFile(join(directory, "file"))).rejects.toMatchObject({ details: { errno: "EEXIST" } });
  } finally {
    zeros.mockRestore();
    syncBuiltinESMExports();
  }
  expect(await readFile(victim, "utf8")).toBe("untouched");
  expect(await readdir(directory)).not.toContain("file");
});

test("content is on the disk before it has its name, and the name before the commit ends [T34]", async () => {
  const handle = await fs.open(directory);
  const handles = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const file = await createAtomicFile(join(directory, "file"));
  await file.write(Buffer.from("new"));
  const [content, rename, directorySync] = [
    vi.spyOn(handles, "datasync"),
    vi.spyOn(fs, "rename"),
    vi.spyOn(handles, "sync"),
  ];
  syncBuiltinESMExports();
  try {
    await file.commit();
    const order = [content, rename, directorySync].flatMap(({ mock }) => mock.invocationCallOrder);
    expect(order).toHaveLength(3);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  } finally {
    for (const spy of [content, rename, directorySync]) spy.mockRestore();
    syncBuiltinESMExports();
  }
});

test("its temporary file lies beside its destination, because no rename crosses devices [T98]", async () => {
  const file = await createAtomicFile(join(directory, "file"));
  expect(dirname(file.temporaryPath)).toBe(directory);
  await file.abort();
});

describe("writeFileAtomically", () => {
  test("replaces a planted symbolic link and leaves the file behind it alone", async () => {
    const victim = join(directory, "victim");
    const path = join(directory, "link");
    await writeFile(victim, "mine");
    await symlink(victim, path);
    await writeFileAtomically(path, "theirs");
    expect(await readFile(victim, "utf8")).toBe("mine");
    expect((await lstat(path)).isFile()).toBe(true);
  });

  test("gives the file the mode asked for", async () => {
    const path = join(directory, "secret");
    await writeFileAtomically(path, "s", { mode: 0o600 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe("sweepTemporaryFiles", () => {
  const now = (): Date => new Date("2030-01-02T00:00:00Z");
  const olderThanMs = 3_600_000;

  test("removes old leftovers, and neither young ones nor other files", async () => {
    const old = new Date("2030-01-01T00:00:00Z");
    const files = [await createAtomicFile(join(directory, "a")), await createAtomicFile(join(directory, "b"))] as const;
    const [leftover, young] = files.map(({ temporaryPath }) => temporaryPath) as [string, string];
    const other = join(directory, ".dtuf-tmp-notes");
    await writeFile(other, "mine");
    await Promise.all([utimes(leftover, old, old), utimes(other, old, old), utimes(young, now(), now())]);
    expect(await sweepTemporaryFiles(directory, { now, olderThanMs })).toBe(1);
    expect(new Set(await readdir(directory))).toEqual(new Set([basename(other), basename(young)]));
    for (const file of files) await file.abort();
  });

  test("succeeds if the directory does not exist", async () => {
    expect(await sweepTemporaryFiles(join(directory, "no"), { now, olderThanMs })).toBe(0);
  });
});

describe("createDirectory", () => {
  test("creates the parents too, and may be repeated", async () => {
    const path = join(directory, "a", "b", "c");
    await createDirectory(path);
    await createDirectory(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  test("refuses a file in the way", async () => {
    await writeFile(join(directory, "a"), "");
    await expectRefused(createDirectory(join(directory, "a", "b")), "FILE_IO");
  });
});

describe("fileError", () => {
  test.each([
    ["ENOSPC", "FILE_NO_SPACE"],
    ["EDQUOT", "FILE_NO_SPACE"],
    ["EROFS", "FILE_READ_ONLY"],
    ["EACCES", "FILE_READ_ONLY"],
    ["EIO", "FILE_IO"],
  ])("maps %s to %s and keeps the cause", (errno, code) => {
    const cause = Object.assign(new Error(errno), { code: errno, errno: -1, syscall: "write" });
    const error = fileError(cause, "/a/file");
    expect(error).toMatchObject({ code, cause, details: { path: "/a/file", syscall: "write", errno } });
    expect(FileError.is(error)).toBe(true);
  });

  test("returns other errors unchanged", () => {
    const reason = new DOMException("stop", "AbortError");
    expect(fileError(reason, "/a/file")).toBe(reason);
  });
});
