import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";
import { createThread, loadSqlite } from "./sqlite.ts";

const directory = useDirectory();
let path: string;
beforeEach(() => {
  path = join(directory, "lock");
});

test("a lock taken in a thread and one taken directly exclude each other, both ways", async () => {
  const [first, second] = [await createThread(), await loadSqlite()];
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const lock = await one.lock(path);
    expect(await other.lock(path)).toMatchObject({ code: 5 });
    await ("release" in lock ? lock.release() : undefined);
  }
  expect(await first.lock(path)).toHaveProperty("release");
});

test("the thread prints nothing and does not keep its program from ending while it holds a lock", () => {
  const code = `
    import { createThread } from ${JSON.stringify(import.meta.resolve("./sqlite.ts"))};
    const lock = await (await createThread()).lock(${JSON.stringify(path)});
    console.log("release" in lock);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code]);
  expect({ status, stdout: String(stdout), stderr: String(stderr) }).toEqual({
    status: 0,
    stdout: "true\n",
    stderr: "",
  });
});
