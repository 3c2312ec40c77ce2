import { execFileSync } from "node:child_process";
import { cp, link, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { latestTag } from "@dtuf/format";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { directory, clock, store, open } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;

beforeEach(async () => {
  master = await establish(open("master"));
  root = await master.rootFile();
  await master.pushTarget("a", [content("old")]);
  await master.pushMetadata();
});

const read = async (name: string, of: LayoutStore = store): Promise<string | undefined> =>
  readTarget(of, await readRelease(of, root, clock.now()), name);

/** Publishes, and is switched off right after the switch. */
async function publishAndDie(): Promise<void> {
  const cut = open("master", {
    store: {
      ...store,
      swapTag: async (...args) => {
        await store.swapTag(...args);
        throw new TypeError("the machine was switched off");
      },
    },
  });
  await expect(cut.pushMetadata()).rejects.toThrow("switched off");
}

describe("a publication that was interrupted after `latest` moved", () => {
  test("does not drop changes that are staged before the next one", async () => {
    await master.pushTarget("a", [content("new")]);
    await publishAndDie();
    await master.pushTarget("b", [content("B")]);
    await master.pushTarget("c", [content("C")]);
    await master.unstage(["c"]);
    expect((await master.staged()).targets.map(({ path }) => path)).toEqual(["a", "b"]);
    await expect(master.pushMetadata()).resolves.toMatchObject({ changed: [{ path: "b", change: "add" }] });
    expect([await read("a"), await read("b"), await read("c")]).toEqual(["new", "B", undefined]);
    expect((await master.staged()).targets).toEqual([]);
  });

  test("is completed by a refresh too", async () => {
    await master.deleteTarget("a");
    await publishAndDie();
    await master.refreshMetadata();
    expect((await master.staged()).targets).toEqual([]);
    expect(await read("a")).toBeUndefined();
  });

  test("counts as a push: a due snapshot over it is renewed from this state and from no other", async () => {
    await master.pushTarget("a", [content("new")]);
    await publishAndDie();
    const withinMs = 8 * 86_400_000;
    const renewed = await master.refreshMetadata({ withinMs });
    expect([renewed.renewed, renewed.due]).toEqual([["snapshot", "timestamp"], []]);
    await cp(join(directory, "master/keys"), join(directory, "other/keys"), { recursive: true });
    const other = open("other");
    await other.adopt({ root });
    const left = await other.refreshMetadata({ withinMs });
    expect([left.renewed, left.due]).toMatchObject([["timestamp"], [{ role: "snapshot", state: "soon" }]]);
  });
});

test("no version number is used twice, also after a lost race and a refresh", async () => {
  const seen: number[] = [];
  const losing = open("master", {
    store: { ...store, swapTag: () => Promise.reject(new TypeError("the line is dead")) },
  });
  await expect(losing.pushMetadata()).rejects.toThrow("dead");
  seen.push(2);
  await master.refreshMetadata();
  seen.push((await master.pushMetadata()).versions.snapshot);
  expect(seen).toEqual([2, 3]);
});

test("aborted at any call of the store, a publication leaves the old release or the new one, and the next one succeeds", async () => {
  await master.pushTarget("a", [content("new")]);
  const outcomes = new Set<string>();
  for (let [at, finished] = [1, false]; !finished; at++) {
    const place = join(directory, String(at));
    for (const part of ["registry", "master"]) await cp(join(directory, part), join(place, part), { recursive: true });
    const copied = createLayoutStore({ directory: join(place, "registry"), now: clock.now });
    const name = join(String(at), "master");
    const stop = new AbortController();
    const reason = new Error("stop");
    let calls = 0;
    const counted = new Proxy(copied, {
      get: (target, name: keyof LayoutStore) => {
        const method = target[name] as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          if (++calls === at) stop.abort(reason);
          return method.apply(target, args);
        };
      },
    });
    const running = open(name, { store: counted }).pushMetadata({ signal: stop.signal });
    const outcome = await running.then(
      () => "fine",
      (error: unknown) => error,
    );
    expect(["fine", reason]).toContain(outcome);
    finished = calls < at;
    const shown = await read("a", copied);
    expect(["old", "new"]).toContain(shown);
    outcomes.add(`${shown}`);
    await open(name, { store: copied }).pushMetadata();
    expect(await read("a", copied)).toBe("new");
  }
  expect(outcomes.size).toBe(2);
});

describe("planted in the state directory", () => {
  const inState = (path: string): string => join(directory, "master", path);

  test.for(["symbolic", "hard"] as const)(
    "a %s link is refused or replaced, and what it leads to stays as it is [T29]",
    async (kind) => {
      const victim = join(directory, "victim");
      const plant = async (path: string): Promise<void> => {
        await rm(path, { force: true });
        await (kind === "hard" ? link(victim, path) : symlink(victim, path));
      };
      const record = await readFile(inState("record.json"));
      await writeFile(victim, record);
      await plant(inState("record.json"));
      const outcome = master.pushMetadata().then(
        () => "replaced",
        ({ code }: { code: string }) => code,
      );
      expect(await outcome).toBe(kind === "hard" ? "replaced" : "FILE_NOT_REGULAR");
      expect(await readFile(victim)).toEqual(record);
      await rm(inState("record.json"));
      await writeFile(inState("record.json"), record);
      await plant(inState("keys/root_key"));
      await plant(inState("keys/targets_key.pub"));
      await master.createRootKey();
      await master.createMetadataKeys();
      expect(await readFile(victim)).toEqual(record);
      expect(await read("a")).toBe("old");
    },
  );

  test.for(["metadata", "staged", "staged/2"])(
    "a link for the directory %s is refused, nothing is written behind it [T29]",
    async (name) => {
      const victim = join(directory, "victim");
      await cp(inState("metadata"), victim, { recursive: true });
      await mkdir(inState("staged"), { recursive: true });
      await rm(inState(name), { recursive: true, force: true });
      await symlink(victim, inState(name));
      const before = await readdir(victim);
      const write = name === "metadata" ? master.pushMetadata() : master.pushTarget("b", [content("B")]);
      await expectRefused(write, "MASTER_STATE_INVALID");
      expect(await readdir(victim)).toEqual(before);
    },
  );

  test.for(["record.json", "keys/timestamp_key", "keys/timestamp_key.pub"])(
    "a pipe for %s is refused, not waited on [T29]",
    async (name) => {
      await rm(inState(name));
      execFileSync("mkfifo", [inState(name)]);
      await expectRefused(master.pushMetadata(), "FILE_NOT_REGULAR");
      expect((await stat(inState(name))).isFIFO()).toBe(true);
    },
  );
});

test("a pipe is refused as a part of a target because it can be read only once [T29]", async () => {
  const path = join(directory, "pipe");
  execFileSync("mkfifo", [path]);
  const before = await store.resolve(latestTag, { want: "digest" });
  await expectRefused(master.pushTarget("b", [{ kind: "file", path }]), "MASTER_PART_INVALID");
  expect((await master.staged()).targets).toEqual([]);
  expect(await store.resolve(latestTag, { want: "digest" })).toEqual(before);
});
