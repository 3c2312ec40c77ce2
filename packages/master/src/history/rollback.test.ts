import { parseTag } from "@dtuf/registry";
import { latestTag } from "@dtuf/format";
import { readRelease } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { clock, store, open, clone } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;
/** The number of the release that has good.txt and both.txt of the first content. */
let good: number;

beforeEach(async () => {
  master = await establish(open("master"));
  await push("good.txt", "good");
  await push("both.txt", "first");
  good = (await master.pushMetadata()).versions.timestamp;
  root = await master.rootFile();
  await master.deleteTarget("good.txt");
  await push("both.txt", "second");
  await push("bad.txt", "bad");
  await master.pushMetadata();
});

async function push(name: string, text: string): Promise<void> {
  await master.pushTarget(name, [content(text)]);
}

async function published(): Promise<Readonly<Record<string, number>>> {
  const set = await readRelease(store, root, clock.now());
  return Object.fromEntries([...(set.targets?.signed.targets ?? [])].map(([path, { length }]) => [path, length]));
}

describe("an earlier release", () => {
  test("is published again as a new one, and clients of the bad one follow", async () => {
    const changes = await master.stageRelease(good);
    expect(changes.map(({ path, change }) => `${change} ${path}`)).toEqual([
      "delete bad.txt",
      "replace both.txt",
      "add good.txt",
    ]);
    const { versions } = await master.pushMetadata();
    expect(versions.timestamp).toBe(good + 2);
    expect(await published()).toEqual({ "good.txt": 4, "both.txt": 5 });
    expect(await master.stageRelease(good)).toEqual([]);
  });

  test("is only described with effect none", async () => {
    expect(await master.stageRelease(good, { effect: "none" })).toHaveLength(3);
    expect((await master.staged()).targets).toEqual([]);
  });

  test("takes the place of a bad one that another publisher made", async () => {
    const other = await clone("other");
    await push("worse.txt", "worse");
    await master.pushMetadata();
    await other.stageRelease(good);
    await other.pushMetadata();
    expect(await published()).toEqual({ "good.txt": 4, "both.txt": 5 });
  });

  test("that keys signed which another publisher replaced is refused", async () => {
    const other = await clone("other");
    await master.createMetadataKeys({ roles: ["targets", "timestamp"] });
    await master.resetKeys();
    await master.pushMetadata();
    for (const effect of ["none", "stage"] as const)
      await expectRefused(other.stageRelease(good, { effect }), "MASTER_RELEASE_UNTRUSTED");
    expect((await other.staged()).targets).toEqual([]);
  });

  test("that was refreshed since and has expired is taken too", async () => {
    clock.advance({ days: 30 });
    await master.pushMetadata();
    expect(await master.stageRelease(good)).toHaveLength(3);
  });

  test("is refused while changes are staged, and they stay", async () => {
    await push("new.txt", "new");
    await expectRefused(master.stageRelease(good), "MASTER_CHANGES_STAGED");
    expect((await master.staged()).targets.map(({ path }) => path)).toEqual(["new.txt"]);
  });

  test("that the registry does not have is unknown", async () => {
    await expectRefused(master.stageRelease(99), "MASTER_RELEASE_UNKNOWN");
  });

  test("of another number, put in its place by the registry, is refused and nothing is staged", async () => {
    const latest = await store.resolve(latestTag, { want: "bytes" });
    if (latest === undefined) throw new TypeError("nothing is published");
    await store.tag(parseTag(`release.${good}`), latest.descriptor);
    await expectRefused(master.stageRelease(good), "MASTER_RELEASE_UNTRUSTED", {
      details: { code: "TUF_VERSION_MISMATCH" },
    });
    expect((await master.staged()).targets).toEqual([]);
  });

  test("that keys signed which were replaced since is refused, because they may have been stolen", async () => {
    await master.createMetadataKeys();
    await master.resetKeys();
    await master.pushMetadata();
    await expectRefused(master.stageRelease(good), "MASTER_RELEASE_UNTRUSTED", {
      details: { code: "TUF_THRESHOLD_NOT_MET" },
    });
    expect((await master.staged()).targets).toEqual([]);
  });
});
