/** The laws of a store's optional operations; see store-contract.ts. */
import { collect, hasCapability, OciError, parseTag, type WriteStore } from "@dtuf/registry";
import { expect, test } from "vitest";
import { blobOf, core, listAll, named, nothing, putManifest, randomContent, sourceOf } from "../oci-content.ts";

const maxBytes = 1024 * 1024;

/** The error codes that a store may throw if it does not support the operation; its law is skipped then. */
async function unlessUnsupported<T>(work: Promise<T>, skip: () => never): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (OciError.is(error) && error.code === "OCI_UNSUPPORTED") return skip();
    throw error;
  }
}

export function capabilityLaws(store: () => WriteStore): void {
  test("every tag is listed once, if tags can be listed", async ({ skip }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "listTags")) return skip();
    const { descriptor } = await putManifest(target);
    for (const tag of ["b", "a", "c"]) await target.tag(parseTag(tag), descriptor);
    expect(new Set(await listAll(target.listTags()))).toEqual(new Set(["a", "b", "c"]));
    expect(await listAll(target.listTags())).toHaveLength(3);
  });

  test("a deleted tag is gone, its manifest and other tags stay, if tags can be deleted", async ({ skip }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "deleteTag")) return skip();
    const { descriptor } = await putManifest(target);
    await target.tag(parseTag("a"), descriptor);
    await target.tag(parseTag("b"), descriptor);
    expect(await unlessUnsupported(target.deleteTag(parseTag("a")), skip)).toBe(true);
    expect(await target.deleteTag(parseTag("a"))).toBe(false);
    expect(await target.resolve(parseTag("a"), { want: "digest" })).toBeUndefined();
    expect(named(await target.resolve(parseTag("b"), { want: "digest" }))).toEqual(core(descriptor));
  });

  test("a deleted manifest is gone with all its tags, if manifests can be deleted", async ({ skip }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "deleteTag")) return skip();
    const [gone, stays] = [await putManifest(target), await putManifest(target)];
    for (const tag of ["a", "b"]) await target.tag(parseTag(tag), gone.descriptor);
    await target.tag(parseTag("c"), stays.descriptor);
    expect(await unlessUnsupported(target.deleteManifest(gone.descriptor.digest), skip)).toBe(true);
    expect(await target.deleteManifest(gone.descriptor.digest)).toBe(false);
    expect(await target.has(gone.descriptor)).toBe(false);
    for (const tag of ["a", "b"]) expect(await target.resolve(parseTag(tag), { want: "digest" })).toBeUndefined();
    expect(named(await target.resolve(parseTag("c"), { want: "digest" }))).toEqual(core(stays.descriptor));
  });

  test("a deleted blob is gone, if blobs can be deleted", async ({ skip }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "deleteTag")) return skip();
    const bytes = randomContent(10);
    await target.put(blobOf(bytes), bytes);
    expect(await unlessUnsupported(target.deleteBlob(blobOf(bytes).digest), skip)).toBe(true);
    expect(await target.deleteBlob(blobOf(bytes).digest)).toBe(false);
    expect(await target.has(blobOf(bytes))).toBe(false);
  });

  test.each([0, 1, 150_000, 299_999, 300_000])(
    "the rest after %i bytes completes the content, if reads can be resumed",
    async (length) => {
      const target: WriteStore = store();
      const bytes = randomContent(300_000);
      await target.put(blobOf(bytes), bytes);
      if (!hasCapability(target, "openRest")) return;
      const rest = await target.openRest(blobOf(bytes), sourceOf(bytes.subarray(0, length), 10_000).open(0));
      expect(Buffer.from(await collect(rest ?? nothing(), maxBytes))).toEqual(Buffer.from(bytes.subarray(length)));
      expect(await target.openRest(blobOf(randomContent(5)), nothing())).toBeUndefined();
    },
  );

  test.each([
    [0, 1],
    [100_000, 250_000],
    [299_999, 300_000],
  ])("the bytes from %i to %i are read alone, if ranges can be opened", async (from, to) => {
    const target: WriteStore = store();
    const bytes = randomContent(300_000);
    await target.put(blobOf(bytes), bytes);
    if (!hasCapability(target, "openRange")) return;
    const range = await target.openRange(blobOf(bytes), { from, to });
    // A store may send no ranges.
    const wanted = range === undefined ? [] : bytes.subarray(from, to);
    expect(Buffer.from(await collect(range ?? nothing(), maxBytes))).toEqual(Buffer.from(wanted));
    expect(await target.openRange(blobOf(randomContent(5)), { from: 0, to: 1 })).toBeUndefined();
  });

  test("new content is stored under the digest of what was read, over what is there too, if it can be received", async ({
    skip,
  }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "putNew")) return skip();
    const bytes = randomContent(300_000);
    const content = { source: sourceOf(bytes, 10_000), size: bytes.length, name: "new" };
    const seen: number[] = [];
    for (let time = 0; time < 2; time += 1) {
      const observers = [{ update: ({ length }: Uint8Array): unknown => seen.push(length) }];
      expect(core(await target.putNew({ ...content, observers }))).toEqual(core(blobOf(bytes)));
    }
    expect(seen.reduce((sum, length) => sum + length, 0)).toBe(2 * bytes.length);
    const opened = await target.open(blobOf(bytes));
    expect(Buffer.from(await collect(opened ?? nothing(), maxBytes))).toEqual(Buffer.from(bytes));
  });

  test.each([-1, 1])("new content with %i bytes too many is not stored, if it can be received", async (more) => {
    const target: WriteStore = store();
    const bytes = randomContent(300_000);
    if (!hasCapability(target, "putNew")) return;
    const content = { source: sourceOf(bytes, 10_000), size: bytes.length - more, name: "new" };
    await expect(target.putNew(content)).rejects.toThrow(OciError);
    expect(await target.has(blobOf(bytes))).toBe(false);
  });

  test("a blob is found by its digest alone, if the store can look it up", async ({ skip }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "findBlob")) return skip();
    const bytes = randomContent(1000);
    const { digest } = blobOf(bytes);
    expect(await target.findBlob(digest)).toBeUndefined();
    expect(await target.openBlob(digest)).toBeUndefined();
    await target.put(blobOf(bytes), bytes);
    expect(await target.findBlob(digest)).toMatchObject({ digest, size: 1000 });
    const opened = await target.openBlob(digest);
    expect(opened?.descriptor).toMatchObject({ digest, size: 1000 });
    expect(Buffer.from(await collect(opened?.stream ?? nothing(), maxBytes))).toEqual(Buffer.from(bytes));
  });

  test("a resumed read throws after a prefix that is not the content's, if reads can be resumed", async ({ skip }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "openRest")) return skip();
    const bytes = randomContent(1000);
    await target.put(blobOf(bytes), bytes);
    const rest = await target.openRest(blobOf(bytes), sourceOf(randomContent(500), 100).open(0));
    await expect(collect(rest ?? nothing(), maxBytes)).rejects.toMatchObject({ code: "OCI_DIGEST_MISMATCH" });
  });

  test("referrers are listed by subject and artifact type, if the store lists them", async ({ skip }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "listReferrers")) return skip();
    const subject = await putManifest(target);
    const annotations = new Map([["example.note", "kept"]]);
    const signature = await putManifest(target, {
      subject: subject.descriptor,
      artifactType: "application/x.signature",
      annotations,
    });
    const bill = await putManifest(target, { subject: subject.descriptor, artifactType: "application/x.bill" });
    await putManifest(target, { subject: signature.descriptor, artifactType: "application/x.signature" });
    const digests = async (artifactType?: string): Promise<ReadonlySet<string>> => {
      const options = artifactType === undefined ? {} : { artifactType };
      const found = await listAll(target.listReferrers(subject.descriptor.digest, options));
      return new Set(found.map((referrer) => `${referrer.artifactType} ${referrer.digest}`));
    };
    const [first, second] = [
      `application/x.signature ${signature.descriptor.digest}`,
      `application/x.bill ${bill.descriptor.digest}`,
    ];
    expect(await digests()).toEqual(new Set([first, second]));
    expect(await digests("application/x.bill")).toEqual(new Set([second]));
    expect(await listAll(target.listReferrers(bill.descriptor.digest))).toEqual([]);
  });

  test("a tag moves only if it names the expected manifest, if the store can compare", async ({ skip }) => {
    const target: WriteStore = store();
    if (!hasCapability(target, "swapTag")) return skip();
    const [first, second] = [await putManifest(target), await putManifest(target)];
    const latest = parseTag("latest");
    expect(await target.swapTag(latest, { from: second.descriptor.digest, to: first.descriptor })).toBe(false);
    expect(await target.swapTag(latest, { from: undefined, to: first.descriptor })).toBe(true);
    expect(await target.swapTag(latest, { from: undefined, to: second.descriptor })).toBe(false);
    expect(named(await target.resolve(latest, { want: "digest" }))).toEqual(core(first.descriptor));
    expect(await target.swapTag(latest, { from: first.descriptor.digest, to: second.descriptor })).toBe(true);
    expect(named(await target.resolve(latest, { want: "digest" }))).toEqual(core(second.descriptor));
  });
}
