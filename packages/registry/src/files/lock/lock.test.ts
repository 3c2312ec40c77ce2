import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, link, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { withLock, type LockWait } from "./lock.ts";

const directory = useDirectory();
let path: string;

beforeEach(() => {
  path = join(directory, "lock");
});

const holder = `
  import { withLock } from ${JSON.stringify(import.meta.resolve("./lock.ts"))};
  await withLock(process.argv[1], { wait: "fail" }, async () => {
    console.log("held");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });`;

/** Root may write anywhere: if the tests run as root, another user, who owns the directory, does the work. */
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

async function startHolder(): Promise<ChildProcess> {
  const node = ["--input-type=module", "-e", holder, path];
  const child = spawn(process.execPath, node, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
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
    const child = await startHolder();
    await expectRefused(
      withLock(path, { wait: "fail" }, async () => "in"),
      "FILE_LOCKED",
    );
    await stop(child);
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
      await expectRefused(late, "FILE_LOCKED", { details: { path, waitedMs: 30 } });
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

  test("that removes its file still excludes other processes after this one tried another spelling of its path", async () => {
    const other = `${directory}-other`;
    await symlink(directory, other);
    try {
      await withLock(path, { wait: "fail", file: "remove" }, async () => {
        const again = withLock(join(other, "lock"), { wait: "fail", file: "remove" }, async () => "in");
        await expectRefused(again, "FILE_LOCKED");
        const tried = `
          import { withLock } from ${JSON.stringify(import.meta.resolve("./lock.ts"))};
          const answer = withLock(process.argv[1], { wait: "fail", file: "remove" }, async () => "in");
          console.log(await answer.catch(({ code }) => code));`;
        const node = ["--input-type=module", "-e", tried, path];
        expect(execFileSync(process.execPath, node, { encoding: "utf8" }).trim()).toBe("FILE_LOCKED");
      });
    } finally {
      await rm(other);
    }
  });

  test("that removes its file lets in one process at a time, however many come and go", async () => {
    const turns = join(directory, "turns");
    const worker = `
      import { appendFile } from "node:fs/promises";
      import { withLock } from ${JSON.stringify(import.meta.resolve("./lock.ts"))};
      for (let turn = 0; turn < 40; turn += 1)
        await withLock(process.argv[1], { wait: "wait", file: "remove" }, async () => {
          await appendFile(process.argv[2], "(");
          await new Promise(setImmediate);
          await appendFile(process.argv[2], ")");
        });`;
    const node = ["--input-type=module", "-e", worker, path, turns];
    const children = Array.from({ length: 4 }, () => spawn(process.execPath, node, { stdio: "inherit" }));
    const ends = await Promise.all(children.map(async (child) => (await once(child, "exit")) as [number]));
    expect(ends.map(([status]) => status)).toEqual([0, 0, 0, 0]);
    expect(await readFile(turns, "utf8")).toBe("()".repeat(160));
    expect(await readdir(directory)).toEqual(["turns"]);
  });

  test("refuses a planted symbolic link and creates nothing behind it", async () => {
    await symlink(join(directory, "elsewhere"), path);
    await expectRefused(
      withLock(path, { wait: "wait" }, async () => "in"),
      "FILE_NOT_REGULAR",
    );
    expect(await readdir(directory)).toEqual(["lock"]);
  });

  test("reports a directory without a lock file in which none can be created as read-only", async () => {
    await withoutWriting(async () => {
      const locked = withLock(path, { wait: "wait" }, async () => "in");
      await expectRefused(locked, "FILE_READ_ONLY");
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test("reports a missing directory", async () => {
    const lost = withLock(join(directory, "no", "lock"), { wait: "wait" }, async () => "in");
    await expectRefused(lost, "FILE_IO", { details: { syscall: "lock" } });
  });

  test("reports the holder after a second, and gives up on a stopped holder", async () => {
    const child = await startHolder();
    child.kill("SIGSTOP");
    const told: LockWait[] = [];
    const options = { wait: "wait", timeoutMs: 1100, onWait: (wait: LockWait) => void told.push(wait) } as const;
    const pid = process.platform === "linux" ? child.pid : undefined;
    await expectRefused(
      withLock(path, options, async () => "in"),
      "FILE_LOCKED",
    );
    expect(told).toEqual([{ path, pid }]);
    await stop(child);
  });

  const leftovers: readonly (readonly [string, Uint8Array])[] = [
    ["512 zero bytes", Buffer.alloc(512)],
    ["4096 zero bytes", Buffer.alloc(4096)],
    ["garbage", Buffer.alloc(5000, "garbage")],
    ["one byte", Buffer.from("x")],
  ];

  test.each(leftovers)("%s in the lock file, left by a power cut, are ignored", async (_what, bytes) => {
    await writeFile(path, bytes);
    await withLock(path, { wait: "fail" }, async () => {
      await expectRefused(
        withLock(path, { wait: "fail" }, async () => "in"),
        "FILE_LOCKED",
      );
    });
    expect(await withLock(path, { wait: "fail" }, async () => "in")).toBe("in");
  });

  test("a lock file that has another name as well is not emptied", async () => {
    const victim = join(directory, "victim");
    await writeFile(victim, Buffer.alloc(600, "mine "));
    await link(victim, path);
    await expectRefused(
      withLock(path, { wait: "fail" }, async () => "in"),
      "FILE_NOT_REGULAR",
    );
    expect((await readFile(victim)).length).toBe(600);
  });

  test("a pipe or a directory at the lock's path is refused and not waited for", async () => {
    execFileSync("mkfifo", [path]);
    const locked = (): Promise<string> => withLock(path, { wait: "wait" }, async () => "in");
    await expectRefused(locked(), "FILE_NOT_REGULAR");
    await rm(path);
    await mkdir(path);
    await expectRefused(locked(), "FILE_NOT_REGULAR");
  });

  /** Simulates an NFS mount without a lock daemon; needs a C compiler and the dynamic loader of Linux. */
  const noLocks = `
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <fcntl.h>
    #include <stdarg.h>
    static int call(const char *name, int fd, int command, void *argument) {
      if (command == F_SETLK || command == F_SETLKW) { errno = ENOLCK; return -1; }
      int (*real)(int, int, void *) = dlsym(RTLD_NEXT, name);
      return real(fd, command, argument);
    }
    int fcntl(int fd, int command, ...) {
      va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list);
      return call("fcntl", fd, command, argument);
    }
    int fcntl64(int fd, int command, ...) {
      va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list);
      return call("fcntl64", fd, command, argument);
    }`;

  test.runIf(process.platform === "linux")("a file system without locks is an error at once", async () => {
    const library = join(directory, "no-locks.so");
    execFileSync("cc", ["-shared", "-fPIC", "-o", library, "-x", "c", "-", "-ldl"], { input: noLocks });
    const tried = `
      import { withLock } from ${JSON.stringify(import.meta.resolve("./lock.ts"))};
      const sleep = () => { throw new Error("waited"); };
      const { code, details } = await withLock(process.argv[1], { wait: "wait", sleep }, async () => 0).catch((e) => e);
      console.log(code, details?.errno);`;
    const env = { ...process.env, LD_PRELOAD: library };
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", tried, path], { env });
    expect(String(output)).toBe("FILE_IO ENOLCK\n");
    expect((await readdir(directory)).toSorted()).toEqual(["lock", "no-locks.so"]);
  });
});
