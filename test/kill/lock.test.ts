import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const processes = 20;
const turns = 50;

test("20 processes take 50 turns each with one lock, six are killed inside: never two at a time, and all others end", async () => {
  const directory = await mkdtemp(join(tmpdir(), "dtuf-lock-"));
  const [path, log] = [join(directory, "lock"), join(directory, "log")];
  await writeFile(path, Buffer.alloc(512));
  const worker = new URL("lock.ts", import.meta.url).pathname;
  const ends = Array.from({ length: processes }, async (_, index) => {
    const killedAt = index < 6 ? index * 8 + 1 : 0;
    const node = ["--conditions=@dtuf/source", worker, path, log, `${turns}`, `${killedAt}`];
    const child = spawn(process.execPath, node, { stdio: "inherit" });
    const [status, signal] = (await once(child, "exit")) as [number | null, string | null];
    return status ?? signal;
  });
  const ended = await Promise.all(ends);
  expect(ended).toEqual(ended.map((_, index) => (index < 6 ? "SIGKILL" : 0)));
  const lines = (await readFile(log, "utf8")).trim().split("\n");
  const left = lines.flatMap((line, index) => (line.startsWith("leave") ? [[lines[index - 1], line] as const] : []));
  // Whoever leaves was the last to enter: nobody came in between.
  expect(left.filter(([before, line]) => before !== line.replace("leave", "enter"))).toEqual([]);
  expect(left.length).toBe((processes - 6) * turns + [0, 8, 16, 24, 32, 40].reduce((sum, done) => sum + done));
  await rm(directory, { recursive: true, force: true });
});
