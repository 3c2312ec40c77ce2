import { createPrivateKey } from "node:crypto";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, encodeImageManifest, type Resolved } from "@dtuf/registry";
import { latestTag, releaseTag } from "@dtuf/format";
import { createSigner, parseUnverified, signDocument, type TopLevelRole } from "@dtuf/tuf";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { readFiles, showFiles } from "@dtuf/testing/scene/published";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master, type MasterStore } from "../index.ts";

const { directory, clock, store, open, clone } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;

beforeEach(async () => {
  master = await establish(open("master"));
  root = await master.rootFile();
  await master.pushTarget("a", [content("A")]);
  await master.pushMetadata();
});

async function latest(): Promise<Resolved> {
  const found = await store.resolve(latestTag, { want: "bytes" });
  if (found === undefined) throw new TypeError("nothing is published");
  return found;
}

const read = async (name: string, pin: Uint8Array = root): Promise<string | undefined> =>
  readTarget(store, await readRelease(store, pin, clock.now()), name);

const publishedFiles = (): Promise<Map<string, Uint8Array>> => readFiles(store);

/** Every file of the publisher's state, by content; the lock is empty. */
async function stateFiles(): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(join(directory, "master"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== "lock");
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(paths.map(async (path) => [path, digestOf(await readFile(path))] as const)));
}

/** With the keys that lie on the publisher's disk. */
async function stolenSigner(role: TopLevelRole): Promise<ReturnType<typeof createSigner>> {
  return createSigner(createPrivateKey(await readFile(join(directory, `master/keys/${role}_key`), "utf8")));
}

describe("a root that does not verify", () => {
  test("is refused and leaves no trace, neither in the state nor in what is published next [T14]", async () => {
    const thief = open("thief");
    await thief.createRootKey();
    await thief.createMetadataKeys();
    await thief.createMetadata({ existing: "replace" });
    const forged = { ...parseUnverified(await thief.rootFile(), "root"), version: 2 };
    const key = await readFile(join(directory, "thief/keys/root_key"), "utf8");
    const signed = await signDocument(forged, [createSigner(createPrivateKey(key))]);
    await showFiles(store, new Map([...(await publishedFiles()), ["2.root.json", signed]]));

    const before = await stateFiles();
    await expectRefused(master.pushMetadata(), "TUF_THRESHOLD_NOT_MET");
    await expectRefused(master.refreshMetadata(), "TUF_THRESHOLD_NOT_MET");
    expect(await stateFiles()).toEqual(before);
    await master.pushMetadata({ base: "recorded" });
    expect([...(await publishedFiles()).keys()]).not.toContain("2.root.json");
    expect(await read("a")).toBe("A");
  });

  test("is not taken with the older roots if a machine adopts the published release", async () => {
    await master.createRootKey();
    await master.resetKeys();
    await master.pushMetadata();
    const pin = await master.rootFile();
    const genuine = await publishedFiles();
    await showFiles(store, new Map([...genuine, ["1.root.json", await forgedRoot()]]));
    const fresh = open("fresh");
    await fresh.adopt({ root: pin });
    await cp(join(directory, "master/keys"), join(directory, "fresh/keys"), { recursive: true });
    await fresh.pushMetadata();
    expect([...(await publishedFiles()).keys()]).not.toContain("1.root.json");
    expect(await read("a", pin)).toBe("A");
  });

  async function forgedRoot(): Promise<Uint8Array> {
    const thief = open("thief");
    await thief.createRootKey();
    await thief.createMetadataKeys();
    await thief.createMetadata({ existing: "replace" });
    return thief.rootFile();
  }
});

describe("a stolen timestamp key", () => {
  async function forward(version: number): Promise<void> {
    const files = await publishedFiles();
    const timestamp = parseUnverified(files.get("timestamp.json") ?? new Uint8Array(), "timestamp");
    const forged = await signDocument({ ...timestamp, version }, [await stolenSigner("timestamp")]);
    await showFiles(store, new Map([...files, ["timestamp.json", forged]]), version);
  }

  test("with an implausible version is not signed above; a new key and the record repair it [T27]", async () => {
    await forward(Number.MAX_SAFE_INTEGER);
    const before = await stateFiles();
    const code = "MASTER_VERSION_IMPLAUSIBLE";
    await expectRefused(master.pushMetadata(), code, { details: { role: "timestamp", wanted: 1 } });
    await expectRefused(master.refreshMetadata(), code);
    await expectRefused(master.prune(), code);
    expect(await stateFiles()).toEqual(before);

    await master.createMetadataKeys();
    await master.resetKeys();
    await master.pushMetadata({ base: "recorded" });
    const set = await readRelease(store, root, clock.now());
    expect([set.root.signed.version, set.timestamp?.signed.version]).toEqual([2, 2]);
    expect(await read("a")).toBe("A");
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 0 });
  });

  test("that is honest is accepted if the caller names the snapshot", async () => {
    await forward(5_000_000);
    await expectRefused(master.pushMetadata(), "MASTER_VERSION_IMPLAUSIBLE");
    await expect(master.pushMetadata({ expectSnapshot: "1" })).resolves.toMatchObject({
      versions: { timestamp: 5_000_001 },
    });
  });
});

describe("another publisher's release", () => {
  test("that expired may be a replay: it is refused unless it is the expected snapshot", async () => {
    const other = await clone("other");
    await other.pushMetadata();
    const old = await latest();
    await other.pushTarget("a", [content("patched")]);
    await other.pushMetadata();
    const { descriptor } = await latest();
    clock.advance({ days: 2 });
    await store.tag(latestTag, old.descriptor);
    const before = await stateFiles();
    const floor = { expectSnapshot: ">=2" };
    for (const attempt of [
      () => master.pushMetadata(),
      () => master.refreshMetadata(),
      () => master.refreshMetadata(floor),
    ]) {
      await expectRefused(attempt(), "MASTER_BASE_EXPIRED", { details: { role: "timestamp", snapshot: 2 } });
    }
    expect(await stateFiles()).toEqual(before);
    await store.tag(latestTag, descriptor);
    const sha256 = digestOf((await publishedFiles()).get("3.snapshot.json") ?? new Uint8Array());
    await master.pushMetadata({ expectSnapshot: sha256 });
    expect(await read("a")).toBe("patched");
  });

  test("is refused if another snapshot is expected", async () => {
    const other = await clone("other");
    const late = open("master", {
      store: {
        ...store,
        swapTag: async (...args) => {
          await other.pushMetadata();
          return store.swapTag(...args);
        },
      },
    });
    await expectRefused(late.pushMetadata({ expectSnapshot: "1" }), "MASTER_BASE_UNEXPECTED", {
      details: { wanted: "1", got: "2" },
    });
  });

  /**
   * Both look before either moves: both believe that they published, and the second to move overwrote the first, which
   * has published so often.
   */
  async function overwrite(publications: 1 | 2): Promise<Master> {
    const looked = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const plain: MasterStore = { ...store };
    delete plain.swapTag;
    const other = await clone("other", {
      store: {
        ...plain,
        put: async (descriptor, bytes, options) => {
          if (options?.tags?.includes(releaseTag(2))) started.resolve();
          if (options?.tags?.includes(releaseTag(2))) await looked.promise;
          return store.put(descriptor, bytes, options);
        },
      },
    });
    await other.pushTarget("b", [content("B")]);
    const published = other.pushMetadata();
    await started.promise;
    const overwriting = open("master", {
      store: {
        ...plain,
        put: async (descriptor, bytes, options) => {
          if (options?.tags?.includes(latestTag)) looked.resolve();
          if (options?.tags?.includes(latestTag)) await published;
          if (options?.tags?.includes(latestTag) && publications === 2) await other.pushMetadata();
          return store.put(descriptor, bytes, options);
        },
      },
    });
    await overwriting.pushMetadata();
    return open("other");
  }

  test("that overwrote one from here is detected and refused, also after its later releases", async () => {
    const other = await overwrite(1);
    await expectRefused(other.pushMetadata(), "MASTER_BASE_UNEXPECTED");
    await master.pushMetadata();
    await master.pushMetadata();
    const before = await latest();
    await expectRefused(other.pushMetadata(), "MASTER_BASE_UNEXPECTED", { details: { got: "4" } });
    expect((await latest()).descriptor).toEqual(before.descriptor);
    await other.pushTarget("b", [content("B")]);
    await other.pushMetadata({ expectSnapshot: "4" });
    expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
  });

  test("that overwrote two from here is a rollback, and after its next release it was not built on them", async () => {
    const other = await overwrite(2);
    const refused = await latest();
    await expectRefused(other.pushMetadata(), "TUF_ROLLBACK");
    expect((await latest()).descriptor).toEqual(refused.descriptor);
    await master.pushMetadata();
    const before = await latest();
    await expectRefused(other.pushMetadata(), "MASTER_BASE_UNEXPECTED");
    expect((await latest()).descriptor).toEqual(before.descriptor);
  });

  test("is accepted if it was built on a repaired release", async () => {
    const other = await clone("other");
    const old = await latest();
    await master.pushMetadata();
    await other.pushMetadata();
    await store.tag(latestTag, old.descriptor);
    await other.pushMetadata({ base: "recorded" });
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 0, versions: { timestamp: 5 } });
  });
});

test("publishing on the record repairs `latest`, independent of what it names", async () => {
  const { descriptor, bytes } = encodeImageManifest({ artifactType: "application/vnd.example", layers: [] });
  await store.put(descriptor, bytes, { tags: [latestTag] });
  await expectRefused(master.pushMetadata(), "FORMAT_NOT_A_REPOSITORY");
  await master.pushMetadata({ base: "recorded" });
  expect(await read("a")).toBe("A");
});
