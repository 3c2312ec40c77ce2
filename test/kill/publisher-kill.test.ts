import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createMaster } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { expect, test } from "vitest";

const run = promisify(execFile);
const here = import.meta.dirname;
const after = new Date("2030-01-20T00:00:01Z");

async function publish(directory: string, dieAt?: number): Promise<string> {
  const preload = ["--import", join(here, "die-at-file-call.ts"), "--conditions=@dtuf/source"];
  const env = { ...process.env, ...(dieAt === undefined ? {} : { DIE_AT: String(dieAt) }) };
  const { stdout } = await run(process.execPath, [...preload, join(here, "publisher.ts"), directory], { env });
  return stdout;
}

/** Two old releases, so that there is something to prune; a target to change and one to delete. */
async function prepare(directory: string): Promise<Uint8Array> {
  let now = new Date("2030-01-01T00:00:00Z");
  const store = createLayoutStore({ directory: join(directory, "registry"), now: () => now });
  const master = createMaster({ store, place: "here", directory: join(directory, "master"), now: () => now });
  await writeFile(join(directory, "old"), "old");
  await writeFile(join(directory, "new"), "new");
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  await master.pushTarget("changed", [{ kind: "file", path: join(directory, "old") }]);
  await master.pushTarget("dropped", [{ kind: "file", path: join(directory, "old") }]);
  await master.pushMetadata();
  now = new Date("2030-01-10T00:00:00Z");
  await master.pushMetadata();
  now = new Date("2030-01-19T23:00:00Z");
  await master.pushMetadata();
  return master.rootFile();
}

async function look(directory: string, root: Uint8Array): Promise<readonly (string | undefined)[]> {
  const store = createLayoutStore({ directory: join(directory, "registry") });
  const set = await readRelease(store, root, after);
  return Promise.all(["changed", "double", "dropped"].map((name) => readTarget(store, set, name)));
}

const old = ["old", undefined, "old"];
const renewed = ["new", "newnew", undefined];

test(
  "a publisher killed at any file call leaves the old release or the new one, and the next run completes",
  { timeout: 1_200_000 },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "dtuf-kill-"));
    try {
      const start = join(directory, "start");
      await mkdir(start);
      const root = await prepare(start);
      await cp(start, join(directory, "whole"), { recursive: true });
      const calls = Number(await publish(join(directory, "whole")));
      expect(calls).toBeGreaterThan(100);
      expect(await look(join(directory, "whole"), root)).toEqual(renewed);

      const queue = Array.from({ length: calls }, (_, index) => index + 1);
      const seen = new Set<string>();
      const worker = async (): Promise<void> => {
        for (let dieAt = queue.pop(); dieAt !== undefined; dieAt = queue.pop()) {
          const place = join(directory, `killed-${dieAt}`);
          await cp(start, place, { recursive: true });
          await expect(publish(place, dieAt), `killed at ${dieAt}`).rejects.toMatchObject({ signal: "SIGKILL" });
          const between = await look(place, root);
          expect([old, renewed], `killed at ${dieAt}`).toContainEqual(between);
          seen.add(JSON.stringify(between));
          await publish(place);
          expect(await look(place, root), `killed at ${dieAt}`).toEqual(renewed);
          expect(await readdir(join(place, "master/keys/previous")), `killed at ${dieAt}`).toEqual([]);
          await rm(place, { recursive: true });
        }
      };
      await Promise.all([worker(), worker()]);
      expect(seen.size).toBe(2);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
);
