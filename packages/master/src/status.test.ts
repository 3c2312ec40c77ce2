import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { LayoutStore } from "@dtuf/registry/layout";
import { latestTag } from "@dtuf/format";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master, type MasterStatus } from "./index.ts";

const { directory, clock, store, open, clone } = usePublishers(createMaster);
let master: Master;

beforeEach(async () => {
  master = await establish(open("master"));
});

const look = (of: Master = master): Promise<MasterStatus> => of.status({ registry: "check" });

describe("the status of the published release", () => {
  test("is absent before the first publication, then the same, and has the instant until which clients accept it", async () => {
    expect(await look()).toMatchObject({ registry: "absent", versions: "never" });
    const { servedUntil, versions } = await master.pushMetadata();
    expect(await look()).toMatchObject({ registry: "same", published: { servedUntil, versions }, due: [] });
    clock.advance({ days: 1 });
    expect((await look()).due).toMatchObject([{ role: "timestamp", state: "expired" }]);
  });

  test("is newer if another publisher of this chain published, and the due roles are those of its release", async () => {
    await master.pushMetadata();
    const other = await clone("other");
    clock.advance({ hours: 23 });
    const { versions } = await other.refreshMetadata();
    clock.advance({ hours: 2 });
    expect(await look()).toMatchObject({ registry: "newer", published: { versions }, due: [] });
    clock.advance({ days: 1 });
    expect((await look()).due).toMatchObject([{ role: "timestamp", state: "expired" }]);
    expect(await look(other)).toMatchObject({ registry: "same" });
  });

  test("is another chain's, is refused if the registry was rolled back, and is absent if it lost the tag", async () => {
    await master.pushMetadata();
    const old = await store.resolve(latestTag, { want: "digest" });
    await master.pushMetadata();
    const stranger = open("stranger");
    await stranger.createRootKey();
    await stranger.createMetadataKeys();
    await stranger.createMetadata({ existing: "replace" });
    await stranger.pushMetadata({ base: "replace" });
    expect(await look()).toMatchObject({ registry: "other-chain", refusal: { code: "MASTER_CHAIN_DIFFERS" } });
    if (old === undefined) throw new TypeError("nothing is published");
    await store.tag(latestTag, old.descriptor);
    expect(await look()).toMatchObject({ registry: "refused", refusal: { code: "TUF_ROLLBACK" } });
    await store.deleteTag(latestTag);
    expect(await look()).toMatchObject({ registry: "absent", versions: { timestamp: 2 } });
  });

  test("is another chain's if a root was replaced elsewhere, and the record is not published over it", async () => {
    await master.pushMetadata();
    const other = await clone("other");
    await rm(join(directory, "master/keys/root_key"));
    await master.createRootKey();
    await master.resetKeys({ replace: true });
    const { release } = await master.pushMetadata();
    expect(await look(other)).toMatchObject({ registry: "other-chain" });
    for (const base of ["published", "recorded"] as const) {
      await expectRefused(other.pushMetadata({ base }), "MASTER_CHAIN_DIFFERS");
    }
    expect(await look()).toMatchObject({ registry: "same", published: { versions: { root: 2 } } });
    await expect(other.pushMetadata({ base: "replace" })).resolves.toMatchObject({ overwrote: release });
  });

  test("is named in the error on a machine without metadata, which creates none", async () => {
    await master.pushMetadata();
    const details = { published: (await store.resolve(latestTag, { want: "digest" }))?.descriptor.digest };
    const laptop = open("laptop");
    await expectRefused(look(laptop), "MASTER_METADATA_MISSING", { details });
    await laptop.createRootKey();
    await laptop.createMetadataKeys();
    await expectRefused(laptop.createMetadata(), "MASTER_METADATA_EXISTS", { details });
    await expectRefused(laptop.rootFile(), "MASTER_METADATA_MISSING");
  });

  test("without files reads the manifest alone if it is the release of this state, and another one as a whole", async () => {
    await master.pushMetadata();
    const other = await clone("other");
    const opened: string[] = [];
    const counting: LayoutStore = {
      ...store,
      open(content, options) {
        opened.push(content.digest);
        return store.open(content, options);
      },
    };
    const counted = open("master", { store: counting });
    const options = { registry: "check", proposals: "skip", files: "skip" } as const;
    expect(await counted.status(options)).toMatchObject({ registry: "same", due: [] });
    expect(opened).toEqual([]);
    await other.refreshMetadata({ withinMs: Number.MAX_SAFE_INTEGER });
    await other.pushMetadata();
    expect(await counted.status(options)).toMatchObject({ registry: "newer" });
    const old = await store.resolve(latestTag, { want: "digest" });
    await counted.pushMetadata();
    if (old === undefined) throw new TypeError("nothing is published");
    await store.tag(latestTag, old.descriptor);
    expect(await counted.status(options)).toMatchObject({ registry: "refused", refusal: { code: "TUF_ROLLBACK" } });
  });
});
