import { readdir, readlink, watch, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { expect, test } from "vitest";
import { collect } from "../verifying.ts";
import { spool } from "./spool.ts";

const directory = useDirectory();
const size = 3 * 1024 * 1024 + 1;

async function* threeMegabytes(): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= 1024 * 1024) yield Buffer.alloc(Math.min(left, 1024 * 1024), 7);
}

test("content in a file is returned complete, and the file has no name while it is read", async () => {
  const stream = await spool(threeMegabytes(), size, directory);
  expect(await readdir(directory)).toEqual([]);
  expect(Buffer.alloc(size, 7).equals(await collect(stream, size))).toBe(true);
});

test.runIf(process.platform === "linux")("the file never has a name that a kill could leave behind", async () => {
  const stop = new AbortController();
  const seen: (string | null)[] = [];
  const watching = (async () => {
    for await (const { eventType, filename } of watch(directory, { signal: stop.signal })) {
      // New and removed names are events "rename"; changes of content are events "change".
      if (eventType === "rename") seen.push(filename);
    }
  })();
  await collect(await spool(threeMegabytes(), size, directory), size);
  // A file of the test itself shows that names are reported.
  await writeFile(join(directory, "mark"), "");
  await expect.poll(() => seen).toContain("mark");
  stop.abort();
  await expect(watching).rejects.toMatchObject({ name: "AbortError" });
  expect(new Set(seen)).toEqual(new Set(["mark"]));
});

test("a stream that fails leaves nothing, and its error is thrown", async () => {
  const wrong = new Error("wrong bytes");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield* threeMegabytes();
    throw wrong;
  }
  await expect(spool(failing(), size, directory)).rejects.toBe(wrong);
  expect(await readdir(directory)).toEqual([]);
});

/** Files of this process that lie in the directory, those without a name too. */
async function openFiles(): Promise<number> {
  const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(links)).filter((path) => path.startsWith(directory)).length;
}

// A warning of Node that it had to close the file itself would fail the run (test/setup/lost-files.ts).
test.runIf(process.platform === "linux")("an unread stream is closed with its last reference", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  await spool(threeMegabytes(), size, directory);
  await expect
    .poll(() => {
      collectGarbage();
      return openFiles();
    })
    .toBe(0);
  for (let turn = 0; turn < 10; turn++) await nextTurn();
});
