import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { latestTag, releaseTag } from "@dtuf/format";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master, type MasterStore } from "../index.ts";

const { directory, clock, store, open, clone } = usePublishers(createMaster);
let master: Master;

beforeEach(async () => {
  master = await establish(open("master"));
});

const read = async (name: string): Promise<string | undefined> =>
  readTarget(store, await readRelease(store, await master.rootFile(), clock.now()), name);

const first = { root: 1, timestamp: 1, snapshot: 1, targets: 1 };

describe("the first publication is release 1", () => {
  test.each([0, 1])("of every role, with %i staged targets", async (staged) => {
    if (staged === 1) await master.pushTarget("a", [content("A")]);
    expect((await master.pushMetadata()).versions).toEqual(first);
    expect(await store.resolve(releaseTag(1), { want: "digest" })).toEqual(
      await store.resolve(latestTag, { want: "digest" }),
    );
    expect(await read("a")).toBe(staged === 1 ? "A" : undefined);
    expect((await master.pushMetadata()).versions).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
  });

  test("if it is a refresh", async () => {
    expect((await master.refreshMetadata()).versions).toEqual(first);
    expect((await master.refreshMetadata()).versions).toEqual({ ...first, timestamp: 2 });
  });

  test("and the next number after one that was signed and stopped, because no number is used twice", async () => {
    const dead = open("master", {
      store: { ...store, swapTag: () => Promise.reject(new TypeError("the line is dead")) },
    });
    await expect(dead.pushMetadata()).rejects.toThrow("dead");
    expect((await master.pushMetadata()).versions).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
  });

  test("but not of a state that was made when version 1 was only local", async () => {
    const file = join(directory, "master/record.json");
    const record = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...record, signed: { timestamp: 1, snapshot: 1, targets: 1 } }));
    expect((await master.pushMetadata()).versions).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
  });

  test.for(["a layout", "a registry"])(
    "and a copy of the state, on %s, that has not published takes it for a base",
    async (kind) => {
      const over: MasterStore = { ...store };
      if (kind === "a registry") delete over.swapTag;
      const other = await clone("other", { store: over });
      await other.pushTarget("b", [content("B")]);
      await master.pushTarget("a", [content("A")]);
      await master.pushMetadata();
      expect((await other.pushMetadata()).versions).toMatchObject({ timestamp: 2 });
      expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
      await master.pushMetadata();
      expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
    },
  );
});
