import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LayoutStore } from "@dtuf/registry/layout";
import { encodeImageManifest, parseTag, type Resolved } from "@dtuf/registry";
import { latestTag, parseRelease, releaseTag } from "@dtuf/format";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master, type MasterStore } from "../index.ts";

const { directory, clock, store, open, clone } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;

beforeEach(async () => {
  master = await establish(open("master"));
  root = await master.rootFile();
});

/** A registry has no compare-and-swap. */
function registryLike(over: LayoutStore, put: MasterStore["put"] = (...args) => over.put(...args)): MasterStore {
  const plain: MasterStore = { ...over, put };
  delete plain.swapTag;
  return plain;
}

async function latest(): Promise<Resolved> {
  const found = await store.resolve(latestTag, { want: "bytes" });
  if (found === undefined) throw new TypeError("nothing is published");
  return found;
}

const read = async (name: string): Promise<string | undefined> =>
  readTarget(store, await readRelease(store, root, clock.now()), name);

describe("two publishers", () => {
  test("that publish alternately lose nothing", async () => {
    await master.pushMetadata();
    const other = await clone("other");
    await master.pushTarget("a", [content("A")]);
    await other.pushTarget("b", [content("B")]);
    expect(await master.pushMetadata()).toMatchObject({ rebased: 0, versions: { timestamp: 2 } });
    expect(await other.pushMetadata()).toMatchObject({ rebased: 0, versions: { timestamp: 3 } });
    expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
    expect(parseRelease((await latest()).bytes ?? new Uint8Array()).predecessor).toBe(
      (await store.resolve(releaseTag(2), { want: "digest" }))?.descriptor.digest,
    );
  });

  test.for(["a layout", "a registry"] as const)(
    "at the same time on %s: the second rebases above both versions and overwrites nothing",
    async (kind) => {
      await master.pushMetadata();
      const other = await clone("other");
      await other.pushTarget("b", [content("B")]);
      await master.pushTarget("a", [content("A")]);
      let interrupted = 0;
      const over = kind === "a layout" ? store : registryLike(store);
      const late = open("master", {
        store: {
          ...over,
          // The other one publishes after this one has signed and before it looks at `latest` again.
          put: async (descriptor, bytes, options) => {
            if (options?.tags?.includes(releaseTag(2)) && interrupted++ === 0) await other.pushMetadata();
            return over.put(descriptor, bytes, options);
          },
        },
      });
      const result = await late.pushMetadata();
      expect(result).toMatchObject({ rebased: 1, versions: { timestamp: 3, snapshot: 3, targets: 3 } });
      expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
    },
  );

  test("of which one moves the tag at the last moment: the overwritten changes are published again", async () => {
    await master.pushMetadata();
    const other = await clone("other");
    await master.pushTarget("a", [content("A")]);
    await other.pushTarget("b", [content("B")]);
    let first = true;
    const slow = registryLike(store, async (descriptor, bytes, options) => {
      await store.put(descriptor, bytes, options);
      if (options?.tags?.includes(latestTag) !== true || !first) return;
      first = false;
      await other.pushMetadata();
    });
    await open("master", { store: slow }).pushMetadata();
    expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
  });

  test("that never stop: the slower one fails, and nothing of it is visible", async () => {
    await master.pushMetadata();
    const other = await clone("other");
    await master.pushTarget("a", [content("A")]);
    const beaten = open("master", {
      store: {
        ...store,
        swapTag: async () => {
          await other.pushMetadata();
          return false;
        },
      },
    });
    await expectRefused(beaten.pushMetadata(), "MASTER_PUBLISHER_RACE");
    expect(await read("a")).toBeUndefined();
    await master.pushMetadata();
    expect(await read("a")).toBe("A");
  });
});

describe("readers during publications", () => {
  test("see the old release or the new one, never a mixture", async () => {
    await master.pushTarget("a", [content("0")]);
    await master.pushTarget("b", [content("0")]);
    await master.pushMetadata();
    const seen = new Set<string>();
    const publishing = new AbortController();
    const reader = async (): Promise<void> => {
      while (!publishing.signal.aborted) {
        const set = await readRelease(store, root, clock.now());
        const [a, b] = [await readTarget(store, set, "a"), await readTarget(store, set, "b")];
        expect(a).toBe(b);
        seen.add(String(a));
      }
    };
    const readers = [reader(), reader()];
    for (const text of ["1", "2", "3", "4"]) {
      await master.pushTarget("a", [content(text)]);
      await master.pushTarget("b", [content(text)]);
      await master.pushMetadata();
    }
    publishing.abort();
    await Promise.all(readers);
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe("the published release is refused as a base", () => {
  test("if the registry rolled `latest` back; publishing on the record repairs it [T13]", async () => {
    await master.pushTarget("a", [content("A")]);
    await master.pushMetadata();
    const old = await latest();
    await master.pushTarget("a", [content("patched")]);
    await master.pushMetadata();
    await store.tag(latestTag, old.descriptor);
    await expectRefused(master.pushMetadata(), "TUF_ROLLBACK");
    await expectRefused(master.refreshMetadata(), "TUF_ROLLBACK");
    expect((await latest()).descriptor.digest).toBe(old.descriptor.digest);
    await master.pushMetadata({ base: "recorded" });
    expect(await read("a")).toBe("patched");
  });

  test("if `latest` is missing; publishing on the record repairs it", async () => {
    await master.pushTarget("a", [content("A")]);
    await master.pushMetadata();
    await store.deleteTag(latestTag);
    await expectRefused(master.pushMetadata(), "MASTER_BASE_UNEXPECTED");
    await master.pushMetadata({ base: "recorded" });
    expect(await read("a")).toBe("A");
  });

  test("if `latest` is not a release", async () => {
    const manifest = encodeImageManifest({ artifactType: "application/vnd.example", layers: [] });
    await store.put(manifest.descriptor, manifest.bytes, { tags: [latestTag] });
    await expectRefused(master.pushMetadata(), "FORMAT_NOT_A_REPOSITORY");
    expect((await latest()).descriptor.digest).toBe(manifest.descriptor.digest);
  });

  test("if it belongs to another repository with other keys", async () => {
    const stranger = open("stranger");
    await stranger.createRootKey();
    await stranger.createMetadataKeys();
    await stranger.createMetadata();
    await stranger.pushMetadata();
    const before = await latest();
    await expectRefused(master.pushMetadata(), "MASTER_CHAIN_DIFFERS");
    await expectRefused(master.pushMetadata({ base: "recorded" }), "MASTER_CHAIN_DIFFERS");
    expect((await latest()).descriptor.digest).toBe(before.descriptor.digest);
    await expect(master.pushMetadata({ base: "replace" })).resolves.toMatchObject({
      rebased: 0,
      overwrote: before.descriptor.digest,
    });
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 0, overwrote: undefined });
  });

  test("if it is not the expected snapshot", async () => {
    await master.pushMetadata();
    await expectRefused(master.pushMetadata({ expectSnapshot: "7" }), "MASTER_BASE_UNEXPECTED", {
      details: { wanted: "7", got: "1" },
    });
    await expect(master.pushMetadata({ expectSnapshot: "1" })).resolves.toMatchObject({ versions: { snapshot: 2 } });
  });
});

describe("a machine without a record", () => {
  async function fresh(): Promise<Master> {
    await rm(join(directory, "master/record.json"));
    await rm(join(directory, "master/metadata"), { recursive: true });
    return open("master");
  }

  test("adopts the published release from a root file, and publishes on it", async () => {
    await master.pushTarget("a", [content("A")]);
    await master.pushMetadata();
    const ci = await fresh();
    await expectRefused(ci.pushMetadata(), "MASTER_METADATA_MISSING");
    await ci.adopt({ root });
    expect(await ci.listTargets()).toEqual(["a"]);
    await ci.pushMetadata();
    expect(await read("a")).toBe("A");
  });

  test("refuses an expired release, which may be a replay, unless the expected snapshot is named", async () => {
    await master.pushMetadata();
    clock.advance({ days: 2 });
    const ci = await fresh();
    await expectRefused(ci.adopt({ root }), "MASTER_BASE_EXPIRED", { details: { role: "timestamp" } });
    await expectRefused(ci.adopt({ root, expectSnapshot: "2" }), "MASTER_BASE_UNEXPECTED");
    await expectRefused(ci.listTargets(), "MASTER_METADATA_MISSING");
    await ci.adopt({ root, expectSnapshot: "1" });
    await ci.pushMetadata();
    expect((await readRelease(store, root, clock.now())).timestamp?.signed.version).toBe(2);
  });
});

describe("the state", () => {
  test("of another place is refused and not changed", async () => {
    const elsewhere = open("master", { place: "there" });
    await expectRefused(elsewhere.pushMetadata(), "MASTER_PLACE_DIFFERS", {
      details: { wanted: "here", got: "there" },
    });
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 0 });
  });

  test("that was altered is refused", async () => {
    await writeFile(join(directory, "master/record.json"), '{"format":1}');
    await expectRefused(master.pushMetadata(), "MASTER_STATE_INVALID");
  });

  test("locked by another process is refused at once with `lock: fail`", async () => {
    const { withLock } = await import("@dtuf/registry/files");
    const impatient = open("master", { lock: "fail" });
    await withLock(join(directory, "master/lock"), { wait: "fail" }, async () => {
      await expectRefused(impatient.pushMetadata(), "FILE_LOCKED");
      await expect(impatient.listTargets()).resolves.toEqual([]);
    });
  });
});

test("an unrelated tag is left alone", async () => {
  const manifest = encodeImageManifest({ artifactType: "application/vnd.example", layers: [] });
  await store.put(manifest.descriptor, manifest.bytes, { tags: [parseTag("v1")] });
  await master.pushMetadata();
  expect((await store.resolve(parseTag("v1"), { want: "digest" }))?.descriptor.digest).toBe(manifest.descriptor.digest);
});
