import { latestTag, releaseTag } from "@dtuf/format";
import type { Resolved, TagName } from "@dtuf/registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { clock, store, open, clone } = usePublishers(createMaster);
let master: Master;

beforeEach(async () => {
  master = await establish(open("master"));
});

async function publish(...files: readonly string[]): Promise<void> {
  for (const name of files) await master.pushTarget(name, [content(name + files.length)]);
  await master.pushMetadata();
}

async function find(tag: TagName): Promise<Resolved> {
  const found = await store.resolve(tag, { want: "bytes" });
  if (found === undefined) throw new TypeError(`there is no ${tag}`);
  return found;
}

describe("the list of releases", () => {
  beforeEach(async () => {
    await publish("one", "two");
    await master.deleteTarget("two");
    await publish("one", "three", "four");
    for (let times = 0; times < 3; times++) {
      clock.advance({ days: 4 });
      await master.refreshMetadata();
    }
  });

  test("names what each changed, and those that only renewed signatures by their numbers", async () => {
    expect(await master.listReleases()).toMatchObject({
      releases: [
        { release: 5, since: 2, isCurrent: true, targets: 3, changes: { added: 2, changed: 1, removed: 1 } },
        { release: 1, since: 1, isCurrent: false, targets: 2, changes: undefined },
      ],
      unread: 0,
    });
  });

  test("has the newest ones if there are more than are asked for, and says how many it leaves out", async () => {
    expect(await master.listReleases({ most: 2 })).toMatchObject({ releases: [{ release: 5, since: 4 }], unread: 3 });
  });

  test("leaves out what a publisher has not finished, and what cannot be read", async () => {
    await store.tag(latestTag, (await find(releaseTag(4))).descriptor);
    const { releases } = await open("master", {
      store: {
        ...store,
        resolve: async (tag, options) => (tag === releaseTag(1) ? undefined : store.resolve(tag, options)),
      },
    }).listReleases();
    expect(releases).toMatchObject([{ release: 4, since: 2, isCurrent: true, changes: undefined }]);
  });

  test("has none of the numbers that somebody made up, not even one that names the current release", async () => {
    const [latest, first] = [await find(latestTag), await find(releaseTag(1))];
    for (let number = 6; number < 120; number++) await store.tag(releaseTag(number), first.descriptor);
    for (const number of [2, Number.MAX_SAFE_INTEGER]) await store.tag(releaseTag(number), latest.descriptor);
    const { releases, unread } = await master.listReleases();
    expect(releases.map(({ release, isCurrent, isTrusted }) => ({ release, isCurrent, isTrusted }))).toEqual([
      { release: 5, isCurrent: true, isTrusted: true },
      { release: 2, isCurrent: false, isTrusted: false },
      { release: 1, isCurrent: false, isTrusted: true },
    ]);
    expect(unread).toBe(0);
  });

  test("is the same at a publisher that has not followed yet, whose keys were replaced since", async () => {
    const other = await clone("other");
    await master.createMetadataKeys({ roles: ["targets", "timestamp"] });
    await master.resetKeys();
    await publish("one");
    const { releases } = await other.listReleases();
    expect(releases).toEqual((await master.listReleases()).releases);
    expect(releases.filter(({ isTrusted }) => isTrusted)).toEqual([expect.objectContaining({ isCurrent: true })]);
    expect(await other.rootFile()).not.toEqual(await master.rootFile()); // nothing is recorded
  });

  test("says of a release that today's keys did not sign only that, because nobody can return to it", async () => {
    await master.createMetadataKeys({ roles: ["targets"] });
    await master.resetKeys();
    await publish("one");
    const { releases } = await master.listReleases();
    expect(releases.at(-1)).toEqual({
      ...{ release: 1, since: 1, isCurrent: false, isTrusted: false },
      ...{ expires: undefined, targets: undefined, changes: undefined },
    });
    expect(releases[0]).toMatchObject({ release: 6, isTrusted: true, isCurrent: true });
    await expectRefused(master.stageRelease(1), "MASTER_RELEASE_UNTRUSTED");
  });
});

test("the list of releases counts the targets that changed in hash bins", async () => {
  await publish("one", "two");
  await master.createBins(4);
  await master.pushMetadata();
  await publish("one", "three", "four");
  const { releases } = await master.listReleases();
  expect(releases).toMatchObject([
    { release: 3, targets: undefined, changes: { added: 2, changed: 1, removed: 0 } },
    { release: 2, targets: undefined, changes: undefined },
    { release: 1, targets: 2 },
  ]);
});
