/**
 * The laws of a store, written beside its interface in @dtuf/registry (store.ts), as tests. Every implementation
 * runs them. Optional operations are tested only if the store has them.
 */
import {
  collect,
  encodeImageIndex,
  encodeImageManifest,
  parseTag,
  type ByteStream,
  type ContentSource,
  type Descriptor,
  type WriteStore,
  type Progress,
} from "@dtuf/registry";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { blobOf, core, named, nothing, putManifest, randomContent, sourceOf } from "../oci-content.ts";
import { capabilityLaws } from "./capabilities.ts";

export interface StoreSetup {
  /** An empty repository. */
  readonly store: WriteStore;
  readonly cleanup: () => Promise<void>;
}

/** Larger than any content here. */
const maxBytes = 16 * 1024 * 1024;

async function read(store: WriteStore, descriptor: Descriptor): Promise<Uint8Array | undefined> {
  const stream = await store.open(descriptor);
  return stream === undefined ? undefined : Buffer.from(await collect(stream, maxBytes));
}

export function storeContract(name: string, setup: () => Promise<StoreSetup>): void {
  describe(`${name} keeps the laws of a store:`, () => {
    let current: StoreSetup;
    let store: WriteStore;
    beforeEach(async () => {
      current = await setup();
      store = current.store;
    });
    afterEach(() => current.cleanup());

    blobLaws(() => store);
    refusalLaws(() => store);
    manifestLaws(() => store);
    capabilityLaws(() => store);
  });
}

function blobLaws(store: () => WriteStore): void {
  test.each([
    ["whole", (bytes: Uint8Array) => bytes],
    ["in chunks", (bytes: Uint8Array) => sourceOf(bytes, 4096)],
    ["byte by byte", (bytes: Uint8Array) => sourceOf(bytes.subarray(0, 300), 1)],
  ])("open returns the content that was put %s", async (_how, contentOf) => {
    const bytes = randomContent(300);
    await store().put(blobOf(bytes), contentOf(bytes));
    expect(await read(store(), blobOf(bytes))).toEqual(Buffer.from(bytes));
    expect(await store().has(blobOf(bytes))).toBe(true);
  });

  test("content of several megabytes comes back", async () => {
    const bytes = Buffer.concat(Array.from({ length: 100 }, () => randomContent(65_000)));
    await store().put(blobOf(bytes), sourceOf(bytes, 100_000));
    expect(blobOf((await read(store(), blobOf(bytes))) ?? bytes.subarray(1))).toEqual(blobOf(bytes));
  });

  test("a second put changes nothing", async () => {
    const bytes = randomContent(10);
    await store().put(blobOf(bytes), bytes);
    await store().put(blobOf(bytes), bytes);
    expect(await read(store(), blobOf(bytes))).toEqual(Buffer.from(bytes));
  });

  test("existing content is not read again", async () => {
    const bytes = randomContent(10);
    await store().put(blobOf(bytes), bytes);
    const opened: number[] = [];
    await store().put(blobOf(bytes), {
      open(offset) {
        opened.push(offset);
        return sourceOf(bytes, 10).open(offset);
      },
    });
    expect(opened).toEqual([]);
  });

  test("eight puts of one content at the same time all succeed", async () => {
    const bytes = randomContent(1000);
    await Promise.all(Array.from({ length: 8 }, () => store().put(blobOf(bytes), sourceOf(bytes, 100))));
    expect(await read(store(), blobOf(bytes))).toEqual(Buffer.from(bytes));
  });

  test("progress grows from 0 to the size", async () => {
    const bytes = randomContent(1000);
    const { digest } = blobOf(bytes);
    const seen: Progress[] = [];
    await store().put(blobOf(bytes), sourceOf(bytes, 300), { onProgress: (progress) => seen.push(progress) });
    const uploaded = { step: "upload", kind: "content", name: digest, digest, totalBytes: 1000 };
    expect(seen).toEqual(seen.map(({ bytes: done }) => ({ ...uploaded, bytes: done })));
    const counts = seen.map(({ bytes: done }) => done);
    expect(counts.at(-1)).toBe(1000);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  test("missing content is undefined", async () => {
    const bytes = randomContent(10);
    const digest = blobOf(bytes).digest;
    expect(await store().open(blobOf(bytes))).toBeUndefined();
    expect(await store().has(blobOf(bytes))).toBe(false);
    expect(await store().resolve(digest, { want: "digest" })).toBeUndefined();
    expect(await store().resolve(parseTag("unknown"), { want: "bytes" })).toBeUndefined();
  });
}

function refusalLaws(store: () => WriteStore): void {
  test.each([
    ["other bytes", (bytes: Uint8Array) => randomContent(bytes.length), "OCI_DIGEST_MISMATCH"],
    ["too few bytes", (bytes: Uint8Array) => bytes.subarray(1), "OCI_SIZE_MISMATCH"],
    ["too many bytes", (bytes: Uint8Array) => Buffer.concat([bytes, randomContent(1)]), "OCI_SIZE_MISMATCH"],
  ])("refuses %s than the descriptor's and keeps nothing", async (_what, wrong, code) => {
    const bytes = randomContent(100);
    await expect(store().put(blobOf(bytes), sourceOf(wrong(bytes), 30))).rejects.toMatchObject({ code });
    expect(await store().has(blobOf(bytes))).toBe(false);
    expect(await store().open(blobOf(bytes))).toBeUndefined();
  });

  test("a source that fails leaves nothing, and its error is thrown unchanged", async () => {
    const bytes = randomContent(100);
    const fault = new Error("the source failed");
    const failing: ContentSource = {
      async *open(): ByteStream {
        yield bytes.subarray(0, 50);
        throw fault;
      },
    };
    await expect(store().put(blobOf(bytes), failing)).rejects.toBe(fault);
    expect(await store().has(blobOf(bytes))).toBe(false);
  });

  test("an aborted put leaves nothing visible and throws the signal's reason", async () => {
    const bytes = randomContent(100);
    const stop = new AbortController();
    const reason = new Error("stop");
    const source: ContentSource = {
      async *open(): ByteStream {
        yield bytes.subarray(0, 50);
        stop.abort(reason);
        yield bytes.subarray(50);
      },
    };
    await expect(store().put(blobOf(bytes), source, { signal: stop.signal })).rejects.toBe(reason);
    expect(await store().has(blobOf(bytes))).toBe(false);
  });

  test("an aborted signal stops every operation before it begins", async () => {
    const signal = AbortSignal.abort(new Error("stop"));
    const { descriptor, bytes } = await putManifest(store());
    const options = { signal };
    await expect(store().put(descriptor, bytes, options)).rejects.toBe(signal.reason);
    await expect(store().tag(parseTag("v1"), descriptor, options)).rejects.toBe(signal.reason);
    await expect(store().has(descriptor, options)).rejects.toBe(signal.reason);
    await expect(store().resolve(parseTag("v1"), { want: "digest", signal })).rejects.toBe(signal.reason);
    expect(await store().resolve(parseTag("v1"), { want: "digest" })).toBeUndefined();
  });

  test("a reader that stops early harms nothing", async () => {
    const bytes = randomContent(500_000);
    await store().put(blobOf(bytes), bytes);
    const reader = (await store().open(blobOf(bytes)))?.[Symbol.asyncIterator]();
    expect((await reader?.next())?.done).toBe(false);
    await reader?.return?.();
    expect(await read(store(), blobOf(bytes))).toEqual(Buffer.from(bytes));
  });

  test("a stream throws if the content does not have the descriptor's size", async () => {
    const bytes = randomContent(100);
    await store().put(blobOf(bytes), bytes);
    const stream = await store().open({ ...blobOf(bytes), size: 99 });
    await expect(collect(stream ?? nothing(), maxBytes)).rejects.toMatchObject({
      code: "OCI_SIZE_MISMATCH",
    });
  });
}

function manifestLaws(store: () => WriteStore): void {
  test("a tag resolves to its manifest, with the bytes if wanted", async () => {
    const { descriptor, bytes } = await putManifest(store());
    await store().tag(parseTag("v1"), descriptor);
    expect(named(await store().resolve(parseTag("v1"), { want: "digest" }))).toEqual(core(descriptor));
    const resolved = await store().resolve(parseTag("v1"), { want: "bytes" });
    expect(named(resolved)).toEqual(core(descriptor));
    expect(Buffer.from(resolved?.bytes ?? [])).toEqual(Buffer.from(bytes));
  });

  test("a manifest without a tag resolves by its digest and opens", async () => {
    const { descriptor, bytes } = await putManifest(store());
    const resolved = await store().resolve(descriptor.digest, { want: "bytes" });
    expect(named(resolved)).toEqual(core(descriptor));
    expect(await read(store(), descriptor)).toEqual(Buffer.from(bytes));
    expect(await store().has(descriptor)).toBe(true);
  });

  test("a plain blob does not resolve as a manifest", async () => {
    const bytes = Buffer.from('{"signatures": [], "signed": {}}');
    await store().put(blobOf(bytes), bytes);
    expect(await store().resolve(blobOf(bytes).digest, { want: "bytes" })).toBeUndefined();
  });

  test("a tag that is set again moves", async () => {
    const first = await putManifest(store());
    const second = await putManifest(store());
    await store().tag(parseTag("latest"), first.descriptor);
    await store().tag(parseTag("latest"), second.descriptor);
    await store().tag(parseTag("latest"), second.descriptor);
    expect(named(await store().resolve(parseTag("latest"), { want: "digest" }))).toEqual(core(second.descriptor));
    expect(await store().has(first.descriptor)).toBe(true);
  });

  test("tagging a manifest that is not there throws OCI_NOT_FOUND and moves nothing", async () => {
    const { descriptor } = await putManifest(store());
    await store().tag(parseTag("latest"), descriptor);
    const absent = encodeImageManifest({ artifactType: "application/vnd.example.absent", layers: [] });
    for (const tag of ["latest", "other"]) {
      await expect(store().tag(parseTag(tag), absent.descriptor)).rejects.toMatchObject({ code: "OCI_NOT_FOUND" });
    }
    expect(named(await store().resolve(parseTag("latest"), { want: "digest" }))).toEqual(core(descriptor));
    expect(await store().resolve(parseTag("other"), { want: "digest" })).toBeUndefined();
  });

  test("a put may set tags in the same step", async () => {
    const { descriptor, bytes } = await putManifest(store());
    await store().put(descriptor, bytes, { tags: [parseTag("a"), parseTag("b")] });
    expect(named(await store().resolve(parseTag("a"), { want: "digest" }))).toEqual(core(descriptor));
    expect(named(await store().resolve(parseTag("b"), { want: "digest" }))).toEqual(core(descriptor));
  });

  test("an index of manifests is a manifest like any other", async () => {
    const { descriptor } = await putManifest(store());
    const index = encodeImageIndex({ manifests: [descriptor] });
    await store().put(index.descriptor, index.bytes, { tags: [parseTag("multi")] });
    expect(named(await store().resolve(parseTag("multi"), { want: "digest" }))).toEqual(core(index.descriptor));
  });
}
