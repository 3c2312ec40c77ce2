import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createMaster } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { expect, test } from "vitest";
import { publishDay } from "./publisher-day.ts";

const run = promisify(execFile);
const here = import.meta.dirname;
const after = new Date("2030-01-20T00:00:01Z");

type Fault = { readonly DIE_AT: string } | { readonly FULL_AT: string };

async function publish(directory: string, fault?: Fault): Promise<string> {
  const preload = ["--import", join(here, "die-at-file-call.ts"), "--conditions=@dtuf/source"];
  const env = { ...process.env, ...fault };
  const { stdout } = await run(process.execPath, [...preload, join(here, "publisher-process.ts"), directory], { env });
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

interface Breaking {
  readonly fault: (call: number) => Fault;
  /** Of how many calls one is tried. */
  readonly every: number;
  readonly ends: (run: Promise<string>) => Promise<void>;
}

/** Breaks the publisher at one call after the other, and lets the next run go on. */
async function breakAt({ fault, every, ends }: Breaking): Promise<ReadonlySet<string>> {
  const directory = await mkdtemp(join(tmpdir(), "dtuf-kill-"));
  try {
    const start = join(directory, "start");
    await mkdir(start);
    const root = await prepare(start);
    await cp(start, join(directory, "whole"), { recursive: true });
    const calls = Number(await publish(join(directory, "whole")));
    expect(calls).toBeGreaterThan(100);
    expect(await look(join(directory, "whole"), root)).toEqual(renewed);

    const tryCall = async (call: number, place: string): Promise<string> => {
      await cp(start, place, { recursive: true });
      await ends(publish(place, fault(call)));
      const between = await look(place, root);
      expect([old, renewed]).toContainEqual(between);
      await publishDay(place);
      expect(await look(place, root)).toEqual(renewed);
      expect(await readdir(join(place, "master/keys/previous"))).toEqual([]);
      await rm(place, { recursive: true });
      return JSON.stringify(between);
    };
    const queue = Array.from({ length: Math.floor(calls / every) }, (_, index) => 1 + index * every);
    const seen = new Set<string>();
    const worker = async (): Promise<void> => {
      for (let call = queue.pop(); call !== undefined; call = queue.pop()) {
        try {
          seen.add(await tryCall(call, join(directory, `broken-${call}`)));
        } catch (cause) {
          throw new Error(`broken at call ${call} of ${calls}`, { cause });
        }
      }
    };
    await Promise.all([worker(), worker()]);
    return seen;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const patience = { timeout: 1_800_000 };

test("killed at any file call, a publisher leaves the old release or the new, and goes on", patience, async () => {
  const seen = await breakAt({
    fault: (call) => ({ DIE_AT: String(call) }),
    every: 1,
    ends: (run) => expect(run).rejects.toMatchObject({ signal: "SIGKILL" }),
  });
  expect(seen.size).toBe(2);
});

test("a disk that is full from any moment on is named, and a publisher goes on when it is not", patience, async () => {
  let failures = 0;
  await breakAt({
    fault: (call) => ({ FULL_AT: String(call) }),
    every: 7,
    // The last calls only delete, for which a full disk has room.
    ends: async (run) => {
      const stderr = await run.then(
        () => "",
        (error: unknown) => String((error as { readonly stderr: unknown }).stderr),
      );
      if (stderr === "") return;
      failures++;
      expect(stderr).toContain("FILE_NO_SPACE");
    },
  });
  expect(failures).toBeGreaterThan(10);
});
