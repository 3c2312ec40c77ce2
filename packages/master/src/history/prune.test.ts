import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { digestOf, encodeImageManifest, OciError, parseTag, type Digest, type TagName } from "@dtuf/registry";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { directory, clock, store, open, clone } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;

beforeEach(async () => {
  master = await establish(open("master"));
  root = await master.rootFile();
});

const digest = (text: string) => digestOf(Buffer.from(text));
const isThere = (text: string, of: LayoutStore = store) =>
  of.has({ mediaType: "application/octet-stream", digest: digest(text), size: text.length });

async function tags(of: LayoutStore = store): Promise<readonly TagName[]> {
  const all: TagName[] = [];
  for await (const tag of of.listTags()) all.push(tag);
  return all.toSorted((a, b) => (a < b ? -1 : 1));
}

async function digestOfTag(tag: string): Promise<Digest> {
  const found = await store.resolve(parseTag(tag), { want: "digest" });
  if (found === undefined) throw new TypeError(`there is no ${tag}`);
  return found.descriptor.digest;
}

/** Three releases: with "old", without it, and one more; all but the last expired long ago. */
async function dropOld(): Promise<void> {
  await master.pushTarget("old", [content("old bytes")]);
  await master.pushTarget("kept", [content("kept bytes")]);
  await master.pushMetadata();
  await master.deleteTarget("old");
  await master.pushMetadata();
  clock.advance({ days: 10 });
  await master.pushMetadata();
}

describe("pruning", () => {
  test("deletes nothing before the grace time is over", async () => {
    await master.pushTarget("old", [content("old bytes")]);
    await master.pushMetadata();
    await master.deleteTarget("old");
    await master.pushMetadata();
    await master.pushMetadata();
    clock.advance({ days: 1, hours: 23 });
    expect(await master.prune()).toEqual({ releases: [], manifests: 0, blobs: 0, bytes: 0 });
    expect(await isThere("old bytes")).toBe(true);
    clock.advance({ hours: 1 });
    expect(await master.prune()).toMatchObject({ releases: [1] });
    expect(await isThere("old bytes")).toBe(false);
  });

  test("deletes a dropped target's bytes only one release after the publication that drops them", async () => {
    await master.pushTarget("old", [content("old bytes")]);
    await master.pushMetadata();
    await master.deleteTarget("old");
    await master.pushMetadata();
    clock.advance({ days: 100 });
    await master.prune();
    expect(await isThere("old bytes")).toBe(true);
    await master.pushMetadata();
    await master.prune();
    expect(await isThere("old bytes")).toBe(false);
  });

  test("leaves the current and the previous release whole", async () => {
    await dropOld();
    await master.prune();
    expect(await tags()).toEqual([`${digest("kept bytes").slice(7)}.kept`, "latest", "release.2", "release.3"]);
    const set = await readRelease(store, root, clock.now());
    expect(await readTarget(store, set, "kept")).toBe("kept bytes");
  });

  test("keeps bytes that another target has", async () => {
    await master.pushTarget("also", [content("old bytes")]);
    await dropOld();
    await master.prune();
    const set = await readRelease(store, root, clock.now());
    expect(await readTarget(store, set, "also")).toBe("old bytes");
  });

  test("keeps bytes that are staged again", async () => {
    await dropOld();
    await master.pushTarget("old", [content("old bytes")]);
    await master.prune();
    await master.pushMetadata();
    const set = await readRelease(store, root, clock.now());
    expect(await readTarget(store, set, "old")).toBe("old bytes");
  });

  test.each([
    ["whose list of tags is behind", "release.3", "list"],
    ["that does not show the current release", "release.3", "resolve"],
    ["that does not show the release before it", "release.2", "resolve"],
  ] as const)("at a registry %s deletes nothing [T274]", async (_what, tag, where) => {
    await dropOld();
    const hiding: LayoutStore = {
      ...store,
      async *listTags(options) {
        for await (const each of store.listTags(options)) if (where !== "list" || each !== tag) yield each;
      },
      resolve: async (name, options) =>
        where === "resolve" && name === tag ? undefined : store.resolve(name, options),
    };
    const before = await tags();
    await expectRefused(open("master", { store: hiding }).prune(), "MASTER_METADATA_UNAVAILABLE");
    expect(await tags()).toEqual(before);
    expect(await isThere("old bytes")).toBe(true);
  });

  describe("by another publisher", () => {
    let pruned: number | undefined;

    /** Publishes what is staged; the other publisher prunes when this tag is about to be put. */
    async function publishMeeting(tag: string): Promise<unknown> {
      pruned = undefined;
      await dropOld();
      const other = await clone("other");
      await master.pushTarget("old", [content("old bytes")]);
      const meeting: LayoutStore = {
        ...store,
        async put(descriptor, bytes, options) {
          if (options?.tags?.includes(parseTag(tag)) === true) pruned ??= (await other.prune()).blobs;
          return store.put(descriptor, bytes, options);
        },
        async swapTag(name, change, options) {
          if (name === tag) pruned ??= (await other.prune()).blobs;
          return store.swapTag(name, change, options);
        },
      };
      return open("master", { store: meeting }).pushMetadata();
    }

    test("before the release has its tag makes the publication fail, and `latest` does not move [T133]", async () => {
      await expectRefused(publishMeeting("release.4"), "OCI_NOT_FOUND");
      expect(pruned).toBeGreaterThan(0);
      expect(await digestOfTag("latest")).toBe(await digestOfTag("release.3"));
      await master.pushTarget("old", [content("old bytes")]);
      await master.pushMetadata();
      expect(await readTarget(store, await readRelease(store, root, clock.now()), "old")).toBe("old bytes");
    });

    test("before `latest` names the release leaves its bytes [T133]", async () => {
      await publishMeeting("latest");
      expect(pruned).toBeGreaterThan(0);
      expect(await readTarget(store, await readRelease(store, root, clock.now()), "old")).toBe("old bytes");
    });
  });

  test("that deleted staged bytes is noticed before the next release is published [T133]", async () => {
    await dropOld();
    await master.pushTarget("old", [content("old bytes")]);
    // As another publisher's prune does.
    await store.deleteManifest(await digestOfTag(`${digest("old bytes").slice(7)}.old`));
    await store.deleteBlob(digest("old bytes"));
    const before = await tags();
    await expectRefused(master.pushMetadata(), "OCI_NOT_FOUND");
    expect(await tags()).toEqual(before);
  });

  test.for(["old", "renamed"])(
    "keeps bytes that another publisher stages as %s while it deletes manifests, and they are published [T133]",
    async (name) => {
      await dropOld();
      let staged = false;
      const pruning: LayoutStore = {
        ...store,
        deleteManifest: async (...args) => {
          const deleted = await store.deleteManifest(...args);
          if (!staged) await master.pushTarget(name, [content("old bytes")]);
          staged = true;
          return deleted;
        },
      };
      await (await clone("other", { store: pruning })).prune();
      await master.pushMetadata();
      const set = await readRelease(store, root, clock.now());
      expect(await readTarget(store, set, name)).toBe("old bytes");
    },
  );

  test("keeps bytes that a tag of another program refers to", async () => {
    await dropOld();
    const layer = { mediaType: "application/octet-stream", digest: digest("old bytes"), size: 9 };
    const manifest = encodeImageManifest({ artifactType: "application/vnd.example", layers: [layer] });
    await store.put(manifest.descriptor, manifest.bytes, { tags: [parseTag("alias")] });
    await master.prune();
    expect(await isThere("old bytes")).toBe(true);
    expect(await tags()).toContain("alias");
  });

  test("twice has the same result as pruning once", async () => {
    await dropOld();
    expect(await master.prune()).toMatchObject({ releases: [1], manifests: 2 });
    expect(await master.prune()).toEqual({ releases: [], manifests: 0, blobs: 0, bytes: 0 });
  });

  test.for(["deleteManifest", "deleteBlob"] as const)(
    "interrupted at any %s is completed by the next",
    async (method) => {
      await dropOld();
      for (let [allowed, finished] = [0, false]; !finished; allowed++) {
        const place = join(directory, String(allowed));
        for (const part of ["registry", "master"])
          await cp(join(directory, part), join(place, part), { recursive: true });
        const copied = createLayoutStore({ directory: join(place, "registry"), now: clock.now });
        const name = join(String(allowed), "master");
        let left = allowed;
        const cut: LayoutStore = {
          ...copied,
          [method]: async (...args: Parameters<LayoutStore["deleteBlob"]>) => {
            if (left-- === 0) throw new OciError("OCI_UNAVAILABLE", "cut off");
            return copied[method](...args);
          },
        };
        finished = await open(name, { store: cut })
          .prune()
          .then(
            () => true,
            () => false,
          );
        await open(name, { store: copied }).prune();
        expect(await isThere("old bytes", copied)).toBe(false);
        expect(await tags(copied)).toEqual([
          `${digest("kept bytes").slice(7)}.kept`,
          "latest",
          "release.2",
          "release.3",
        ]);
        const set = await readRelease(copied, root, clock.now());
        expect(await readTarget(copied, set, "kept")).toBe("kept bytes");
      }
    },
  );

  test("on a registry that deletes nothing is an error, and publishing still works", async () => {
    const refuse = (): Promise<never> => Promise.reject(new OciError("OCI_UNSUPPORTED", "deleting is switched off"));
    Object.assign(store, { deleteManifest: refuse, deleteTag: refuse, deleteBlob: refuse });
    await dropOld();
    await expectRefused(master.prune(), "OCI_UNSUPPORTED");
    expect(await master.listTargets()).toEqual(["kept"]);
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 0 });
  });
});
