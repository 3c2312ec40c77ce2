import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { latestTag, targetTag, withTargetBlobs } from "@dtuf/format";
import { digestOf, openContent, parseDigest, type ReadStore } from "@dtuf/registry";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createStoreSource } from "./store-source.ts";
import { beforeEach, describe, expect, test } from "vitest";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { parseTargetPath } from "@dtuf/tuf";
import { createCopy, type Copy } from "../copy.ts";
import type { Source } from "./source.ts";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { createFourTargets, pinOf, expectFourTargets } from "@dtuf/testing/tuf-simulator/four-targets";
import { bytesOf } from "@dtuf/testing/oci-content";

const home = useDirectory();
let sim: TufSimulator;
const clock = createFixedClock("2030-01-02T00:00:00Z");
const large = randomBytes(3 * 1024 * 1024);

beforeEach(async () => {
  sim = await createFourTargets(large);
});

function createTestCopy(source: Source): Copy {
  return createCopy({ source, place: "x", directory: join(home, "copy"), now: clock.now });
}

const pin = (): ReturnType<typeof pinOf> => pinOf(sim);

/** Expects the results that every source must return. */
const expectEverything = (source: Source): Promise<void> => expectFourTargets(createTestCopy(source), sim, home);

interface CountedStore extends ReadStore {
  readonly calls: string[];
}

function counting(store: ReadStore): CountedStore {
  const calls: string[] = [];
  return {
    calls,
    open: (descriptor, options) => (calls.push("open"), store.open(descriptor, options)),
    has: (descriptor, options) => (calls.push("has"), store.has(descriptor, options)),
    resolve: (name, options) => (calls.push(`resolve ${options.want}`), store.resolve(name, options)),
  };
}

describe("a store", () => {
  let layout: LayoutStore;
  beforeEach(async () => {
    layout = createLayoutStore({ directory: join(home, "layout") });
    await publishToStore(sim, layout);
  });

  test("passes all checks of a source", () => expectEverything(createStoreSource(layout)));

  test("gets one request if nothing is new, and one for the manifest if the cache has expired", async () => {
    const store = counting(layout);
    const copy = createTestCopy(createStoreSource(store));
    await copy.pullMetadata({ pin: pin() });
    store.calls.length = 0;
    expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged" });
    expect(store.calls).toEqual(["resolve digest"]);
    store.calls.length = 0;
    const later = new Date("2030-03-01T00:00:00Z");
    const late = createCopy({
      source: createStoreSource(store),
      place: "x",
      directory: join(home, "copy"),
      now: () => later,
    });
    await expectRefused(late.pullMetadata(), "TUF_EXPIRED");
    expect(store.calls).toEqual(["resolve bytes"]);
  });

  test("is asked for the manifest at once if a renewal is likely, else for the digest", async () => {
    const store = counting(layout);
    const source = createStoreSource(store);
    const at = (time: string): Copy =>
      createCopy({ source, place: "x", directory: join(home, "copy"), now: () => new Date(time) });
    await at("2030-01-02T00:00:00Z").pullMetadata({ pin: pin() });
    store.calls.length = 0;
    // It expires on the 31st: 15 of 29 days are left, then 7 of 15.
    await at("2030-01-16T00:00:00Z").pullMetadata();
    expect(store.calls).toEqual(["resolve digest"]);
    await at("2030-01-24T00:00:00Z").pullMetadata();
    expect(store.calls).toEqual(["resolve digest", "resolve bytes"]);
    store.calls.length = 0;
    await sim.publishRelease();
    await publishToStore(sim, layout);
    expect(await at("2030-01-24T00:00:01Z").pullMetadata()).toMatchObject({ status: "fresh" });
    expect(store.calls.filter((call) => call.startsWith("resolve"))).toEqual(["resolve digest", "resolve bytes"]);
  });

  test("that sends the whole manifest with the digest is not asked for it again", async () => {
    const store = counting({
      ...layout,
      resolve: (tag, options) => layout.resolve(tag, { ...options, want: "bytes" }),
    });
    const copy = createTestCopy(createStoreSource(store));
    await copy.pullMetadata({ pin: pin() });
    await sim.publishRelease();
    await publishToStore(sim, layout);
    store.calls.length = 0;
    expect(await copy.pullMetadata()).toMatchObject({ status: "fresh" });
    expect(store.calls.filter((call) => call.startsWith("resolve"))).toEqual(["resolve digest"]);
  });

  test("serves a full refresh in two round trips: one manifest, then snapshot and targets at once", async () => {
    for (let index = 0; index < 100; index++) sim.addTarget(`many/${index}`, Buffer.from(`${index}`));
    sim.snapshot.unrecognized = { "x-padding": "x".repeat(5000) };
    await sim.publishRelease();
    await publishToStore(sim, layout);
    let open = 0;
    let most = 0;
    const store: ReadStore = {
      ...counting(layout),
      async open(descriptor, options) {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        const stream = await layout.open(descriptor, options);
        open -= 1;
        return stream;
      },
    };
    await createTestCopy(createStoreSource(store)).pullMetadata({ pin: pin(), delegations: "skip" });
    expect(most).toBe(2);
  });

  test("that moves `latest` back is refused [T41]", async () => {
    const before = await layout.resolve(latestTag, { want: "digest" });
    const copy = createTestCopy(createStoreSource(layout));
    await sim.publishRelease();
    await publishToStore(sim, layout);
    await copy.pullMetadata({ pin: pin() });
    if (before !== undefined) await layout.tag(latestTag, before.descriptor);
    await expectRefused(copy.pullMetadata(), "TUF_ROLLBACK");
  });

  test("that is empty or holds something else is reported as not published", async () => {
    const empty = createLayoutStore({ directory: join(home, "empty") });
    await expectRefused(createTestCopy(createStoreSource(empty)).pullMetadata({ pin: pin() }), "COPY_NOT_PUBLISHED");
    const target = await layout.resolve(
      targetTag(createHash("sha256").update("hello").digest("hex"), parseTargetPath("a.txt")),
      {
        want: "digest",
      },
    );
    if (target !== undefined) await layout.tag(latestTag, target.descriptor);
    await expectRefused(
      createTestCopy(createStoreSource(layout)).pullMetadata({ pin: pin() }),
      "FORMAT_NOT_A_REPOSITORY",
    );
  });

  test("that does not verify its bytes, although its contract requires it, is not trusted", async () => {
    const wrong = Buffer.from(large);
    wrong[0] = (wrong[0] ?? 0) ^ 1;
    const lying: ReadStore = {
      ...counting(layout),
      open: async (descriptor) => (descriptor.size === large.length ? openContent(wrong) : layout.open(descriptor)),
    };
    const copy = createTestCopy(createStoreSource(lying));
    await copy.pullMetadata({ pin: pin() });
    const target = await copy.findTarget(parseTargetPath("dir/large.bin"));
    if (target === undefined) throw new TypeError("not found");
    await expectRefused(copy.openTarget(target), "TUF_HASH_MISMATCH");
    await expectRefused(copy.saveTarget(target, join(home, "x")), "TUF_HASH_MISMATCH");
    await expectRefused(copy.openTargetBlobs(target)[Symbol.asyncIterator]().next(), "OCI_DIGEST_MISMATCH");
    expect(await readdir(home)).toEqual(["copy", "layout"]);
  });

  test("stores a target of several blobs, which are yielded one by one", async () => {
    const [one, two] = [Buffer.from("one "), Buffer.from("two")];
    const blobs = [one, two].map((bytes) => ({ mediaType: "x/y", digest: digestOf(bytes), size: bytes.length }));
    for (const [index, bytes] of [one, two].entries()) await layout.put(blobs[index] ?? digestless(), bytes);
    sim.addTarget("both", Buffer.concat([one, two]), { custom: withTargetBlobs(undefined, blobs) });
    await sim.publishRelease();
    await publishToStore(sim, layout);
    const copy = createTestCopy(createStoreSource(layout));
    await copy.pullMetadata({ pin: pin() });
    expect(await copy.blobSizes(parseTargetPath("both"))).toEqual([4, 3]);
    const target = await copy.findTarget(parseTargetPath("both"));
    if (target === undefined) throw new TypeError("not found");
    const texts: string[] = [];
    for await (const { stream } of copy.openTargetBlobs(target)) texts.push((await bytesOf(stream)).toString());
    expect(texts).toEqual(["one ", "two"]);
    await copy.checkTarget(target.path, [one, two]);
    await expectRefused(copy.checkTarget(target.path, [two, one]), "COPY_TARGET_DIFFERS");
    await expectRefused(copy.checkTarget(target.path, [one]), "COPY_TARGET_DIFFERS");
    await expectRefused(copy.checkTarget(parseTargetPath("none"), []), "COPY_TARGET_UNKNOWN");
  });

  test("that has a blob only after its manifest was requested is asked for the manifest", async () => {
    let imported: string[] = [];
    const cache: ReadStore = {
      has: (descriptor) => layout.has(descriptor),
      async resolve(name, options) {
        imported.push(name);
        return layout.resolve(name, options);
      },
      open: async (descriptor) =>
        descriptor.size === 5 && !imported.some((name) => name.endsWith(".a.txt"))
          ? undefined
          : layout.open(descriptor),
    };
    const copy = createTestCopy(createStoreSource(cache));
    const target = await copy.pullMetadata({ pin: pin() }).then(() => copy.findTarget(parseTargetPath("a.txt")));
    if (target === undefined) throw new TypeError("not found");
    expect((await bytesOf(await copy.openTarget(target))).toString()).toBe("hello");
    imported = [];
    await layout.deleteBlob(parseDigest(`sha256:${target.hashes.get("sha256") ?? ""}`));
    await expectRefused(copy.openTarget(target), "COPY_BLOB_MISSING");
  });
});

function digestless(): never {
  throw new TypeError("one blob for each content");
}
