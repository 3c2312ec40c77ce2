import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withLock } from "./lock.ts";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lock-"));
  path = join(directory, "lock");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const holder = `
  import { withLock } from ${JSON.stringify(import.meta.resolve("./lock.ts"))};
  await withLock(process.argv[1], { wait: "fail" }, async () => {
    console.log("held");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });`;

/** Root may write anywhere: where the tests run as root, the work is done as another user who owns the directory. */
async function withoutWriting(work: () => Promise<void>): Promise<void> {
  const nobody = 65_534;
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(directory, nobody, nobody);
  await chmod(directory, 0o500);
  if (isRoot) process.seteuid?.(nobody);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    await chmod(directory, 0o700);
  }
}

describe("withLock", () => {
  test("runs one holder at a time, even within one process", async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise(setImmediate);
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, { wait: "wait" }, work)));
    expect(most).toBe(1);
  });

  test("excludes another process, and is free the moment that process is killed", async () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", holder, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await expect(withLock(path, { wait: "fail" }, async () => "in")).rejects.toMatchObject({ code: "FILE_LOCKED" });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await withLock(path, { wait: "fail" }, async () => "in")).toBe("in");
  });

  test("is free again after the work threw", async () => {
    const fault = new Error("fault");
    await expect(withLock(path, { wait: "fail" }, () => Promise.reject(fault))).rejects.toBe(fault);
    expect(await withLock(path, { wait: "fail" }, async () => "in")).toBe("in");
  });

  test("gives up after the timeout", async () => {
    const slept: number[] = [];
    const sleep = async (ms: number): Promise<void> => void slept.push(ms);
    await withLock(path, { wait: "fail" }, async () => {
      const late = withLock(path, { wait: "wait", timeoutMs: 30, sleep }, async () => "in");
      await expect(late).rejects.toMatchObject({ code: "FILE_LOCKED", details: { path, waitedMs: 30 } });
    });
    expect(slept).toEqual([2, 4, 8, 16]);
  });

  test("stops waiting with the signal's reason", async () => {
    const stop = new AbortController();
    const reason = new Error("stop");
    await withLock(path, { wait: "fail" }, async () => {
      const waiting = withLock(path, { wait: "wait", signal: stop.signal }, async () => "in");
      setImmediate(() => stop.abort(reason));
      await expect(waiting).rejects.toBe(reason);
    });
  });

  test("leaves an empty file and no companions", async () => {
    await withLock(path, { wait: "fail" }, async () => {
      expect(await readdir(directory)).toEqual(["lock"]);
    });
    expect((await stat(path)).size).toBe(0);
  });

  test("refuses a planted symbolic link and creates nothing behind it", async () => {
    await symlink(join(directory, "elsewhere"), path);
    await expect(withLock(path, { wait: "wait" }, async () => "in")).rejects.toMatchObject({ code: "FILE_IO" });
    expect(await readdir(directory)).toEqual(["lock"]);
  });

  test("says that a directory in which there is no lock file and none can be made is read-only", async () => {
    await withoutWriting(async () => {
      const locked = withLock(path, { wait: "wait" }, async () => "in");
      await expect(locked).rejects.toMatchObject({ code: "FILE_READ_ONLY" });
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test("says so where the directory is missing", async () => {
    const lost = withLock(join(directory, "no", "lock"), { wait: "wait" }, async () => "in");
    await expect(lost).rejects.toMatchObject({ code: "FILE_IO", details: { syscall: "lock" } });
  });
});
