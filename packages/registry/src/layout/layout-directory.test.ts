/** A layout on disk: for other tools, for several processes, under garbage collection. */
import { blobOf, listAll, putManifest, randomContent, sourceOf } from "@dtuf/testing/oci-content";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestHex, digestOf, type Digest } from "../oci/digest.ts";
import { encodeImageIndex, encodeImageManifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parseTag } from "../oci/tag.ts";
import { collect } from "../verifying.ts";
import { createLayoutStore, type LayoutStore } from "./layout-store.ts";

let directory: string;
let store: LayoutStore;
const latest = parseTag("latest");

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "layout-")), "demo");
  store = createLayoutStore({ directory });
});
afterEach(() => rm(join(directory, ".."), { recursive: true, force: true }));

const blobPath = (digest: Digest): string => join(directory, "blobs", ...digest.split(":"));

interface IndexJson {
  readonly manifests: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

async function readIndex(): Promise<IndexJson> {
  return JSON.parse(await readFile(join(directory, "index.json"), "utf8")) as IndexJson;
}

async function makeOld(...digests: readonly Digest[]): Promise<void> {
  const old = new Date("2020-01-01T00:00:00Z");
  await Promise.all(digests.map((digest) => utimes(blobPath(digest), old, old)));
}

describe("reading a directory that is not a layout", () => {
  test("finds nothing in a missing directory, and does not create it", async () => {
    expect(await store.resolve(latest, { want: "bytes" })).toBeUndefined();
    expect(await listAll(store.listTags())).toEqual([]);
    expect(await listAll(store.listReferrers(digestOf(new Uint8Array())))).toEqual([]);
    expect(await store.deleteTag(latest)).toBe(false);
    expect(await store.deleteManifest(digestOf(new Uint8Array()))).toBe(false);
    expect(await store.deleteBlob(digestOf(new Uint8Array()))).toBe(false);
    expect(await store.collectGarbage({ graceMs: 0 })).toEqual({ blobs: 0, bytes: 0 });
    await expectRefused(stat(directory), "ENOENT");
  });

  test("finds nothing in a directory of other things", async () => {
    await mkdir(directory);
    await writeFile(join(directory, "notes"), "mine");
    expect(await store.resolve(latest, { want: "bytes" })).toBeUndefined();
  });

  test.each([
    ["another version", { "oci-layout": '{"imageLayoutVersion":"2.0.0"}' }],
    ["a marker that is not JSON", { "oci-layout": "1.0.0" }],
    ["a truncated index.json", { "index.json": '{"manifests":[' }],
    ["an index.json of another form", { "index.json": '{"manifests":{}}' }],
  ])("refuses %s", async (_what, files) => {
    await putManifest(store);
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    await expectRefused(store.resolve(latest, { want: "bytes" }), "OCI_LAYOUT_INVALID");
  });

  test("refuses a layout whose index.json is missing", async () => {
    await putManifest(store);
    await rm(join(directory, "index.json"));
    await expectRefused(store.resolve(latest, { want: "bytes" }), "OCI_LAYOUT_INVALID");
  });

  test("refuses a tag that names two manifests", async () => {
    const [first, second] = [await putManifest(store), await putManifest(store)];
    const annotations = { "org.opencontainers.image.ref.name": "latest" };
    const manifests = [first, second].map(({ descriptor }) => ({ ...descriptor, annotations }));
    await writeFile(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    await expectRefused(store.resolve(latest, { want: "digest" }), "OCI_LAYOUT_INVALID");
  });
});

describe("content on the disk", () => {
  test.each(["sha256", "sha512"] as const)("a %s blob lies under its algorithm and digest", async (algorithm) => {
    const bytes = randomContent(10);
    const descriptor = blobOf(bytes, algorithm);
    await store.put(descriptor, bytes);
    expect(await readFile(join(directory, "blobs", algorithm, digestHex(descriptor.digest)))).toEqual(bytes);
  });

  test("a blob that was changed on disk is not returned", async () => {
    const bytes = randomContent(10);
    await store.put(blobOf(bytes), bytes);
    await writeFile(blobPath(blobOf(bytes).digest), randomContent(10));
    const stream = await store.open(blobOf(bytes));
    await expectRefused(collect(stream ?? sourceOf(bytes, 1).open(0), 100), "OCI_DIGEST_MISMATCH");
  });

  test("a manifest that was changed on disk is not returned by its tag or digest", async () => {
    const { descriptor, bytes } = await putManifest(store);
    await store.tag(latest, descriptor);
    await writeFile(blobPath(descriptor.digest), Buffer.from(bytes).fill(" "));
    for (const name of [latest, descriptor.digest]) {
      await expectRefused(store.resolve(name, { want: "bytes" }), "OCI_DIGEST_MISMATCH");
    }
  });

  test("a truncated blob counts as missing, and the next put repairs it", async () => {
    const bytes = randomContent(10);
    await store.put(blobOf(bytes), bytes);
    await writeFile(blobPath(blobOf(bytes).digest), bytes.subarray(0, 5));
    expect(await store.has(blobOf(bytes))).toBe(false);
    await store.put(blobOf(bytes), bytes);
    expect(await readFile(blobPath(blobOf(bytes).digest))).toEqual(bytes);
  });

  test("a failed put leaves no temporary file", async () => {
    await putManifest(store);
    await expectRefused(store.put(blobOf(randomContent(10)), randomContent(10)), "OCI_DIGEST_MISMATCH");
    expect((await readdir(join(directory, "blobs/sha256"))).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("a planted link instead of a blob is replaced, not written through", async () => {
    const bytes = randomContent(10);
    await putManifest(store);
    const victim = join(directory, "victim");
    await writeFile(victim, "mine");
    await symlink(victim, blobPath(blobOf(bytes).digest));
    await store.put(blobOf(bytes), bytes);
    expect(await readFile(victim, "utf8")).toBe("mine");
  });
});

describe("index.json", () => {
  test("keeps foreign fields, entries and annotations", async () => {
    const { descriptor } = await putManifest(store);
    const foreign = {
      mediaType: "application/vnd.example",
      digest: `blake3:${"a".repeat(64)}`,
      size: 1,
      annotations: { "org.opencontainers.image.ref.name": "docker.io/library/busybox:1", x: "y" },
      urls: ["https://example.com"],
    };
    const mine = { ...descriptor, annotations: { note: "kept" } };
    await writeFile(
      join(directory, "index.json"),
      JSON.stringify({ schemaVersion: 2, manifests: [foreign, mine], annotations: { a: "b" }, extra: 1 }),
    );
    await store.tag(latest, descriptor);
    await store.tag(parseTag("v1"), descriptor);
    expect(await readIndex()).toEqual({
      schemaVersion: 2,
      annotations: { a: "b" },
      extra: 1,
      manifests: [
        foreign,
        { ...descriptor, annotations: { note: "kept", "org.opencontainers.image.ref.name": "latest" } },
        expect.objectContaining({ digest: descriptor.digest }),
      ],
    });
    expect(await listAll(store.listTags())).toEqual(["latest", "v1"]);
  });

  test("is the same bytes in whatever order the tags were set", async () => {
    const manifest = await putManifest(store);
    await cp(directory, `${directory}2`, { recursive: true });
    const other = createLayoutStore({ directory: `${directory}2` });
    for (const tag of ["a", "b", "c"]) await store.tag(parseTag(tag), manifest.descriptor);
    for (const tag of ["c", "a", "b"]) await other.tag(parseTag(tag), manifest.descriptor);
    const read = (path: string): Promise<string> => readFile(join(path, "index.json"), "utf8");
    expect(await read(`${directory}2`)).toBe(await read(directory));
  });

  test("is not written again for an unchanged tag", async () => {
    const { descriptor } = await putManifest(store);
    await store.tag(latest, descriptor);
    const before = await stat(join(directory, "index.json"));
    await store.tag(latest, descriptor);
    expect((await stat(join(directory, "index.json"))).ino).toBe(before.ino);
  });

  test("keeps listing a manifest after its last tag has moved", async () => {
    const [first, second] = [await putManifest(store), await putManifest(store)];
    await store.tag(latest, first.descriptor);
    await store.tag(latest, second.descriptor);
    const { manifests } = await readIndex();
    expect(manifests.map(({ digest }) => digest)).toEqual([first.descriptor.digest, second.descriptor.digest]);
    expect(manifests[0]?.annotations).toBeUndefined();
  });

  test("loses no tag that four processes set at the same time", async () => {
    const { descriptor } = await putManifest(store);
    const program = `
      import { createLayoutStore } from ${JSON.stringify(import.meta.resolve("./layout-store.ts"))};
      const [directory, prefix, json] = process.argv.slice(1);
      const store = createLayoutStore({ directory });
      await Promise.all(Array.from({ length: 20 }, (_, n) => store.tag(prefix + n, JSON.parse(json))));`;
    const children = ["a", "b", "c", "d"].map((prefix) =>
      spawn(process.execPath, ["--input-type=module", "-e", program, directory, prefix, JSON.stringify(descriptor)], {
        stdio: "inherit",
      }),
    );
    const ends = await Promise.all(children.map((child) => once(child, "exit")));
    expect(ends).toEqual([0, 0, 0, 0].map((code) => [code, null]));
    expect(await listAll(store.listTags())).toHaveLength(80);
  });
});

describe("collectGarbage", () => {
  const day = 86_400_000;

  async function putBlob(): Promise<Descriptor> {
    const bytes = randomContent(100);
    await store.put(blobOf(bytes), bytes);
    return blobOf(bytes);
  }

  test("deletes old content that nothing refers to, and nothing young", async () => {
    const [old, young] = [await putBlob(), await putBlob()];
    await makeOld(old.digest);
    expect(await store.collectGarbage({ graceMs: day })).toEqual({ blobs: 1, bytes: 100 });
    expect([await store.has(old), await store.has(young)]).toEqual([false, true]);
  });

  test("keeps everything that a listed manifest refers to, through indexes too", async () => {
    const child = await putManifest(store);
    const index = encodeImageIndex({ manifests: [child.descriptor] });
    await store.put(index.descriptor, index.bytes, { tags: [latest] });
    const names = await readdir(join(directory, "blobs/sha256"));
    await makeOld(...names.map((name) => `sha256:${name}` as Digest));
    expect(await store.collectGarbage({ graceMs: day, untagged: "remove" })).toEqual({ blobs: 0, bytes: 0 });
  });

  test("keeps content that was put again, because its manifest may follow", async () => {
    const bytes = randomContent(10);
    await store.put(blobOf(bytes), bytes);
    await makeOld(blobOf(bytes).digest);
    await store.put(blobOf(bytes), bytes);
    expect(await store.collectGarbage({ graceMs: day })).toEqual({ blobs: 0, bytes: 0 });
  });

  test("removes old untagged manifests when told to, but not the referrers of what stays", async () => {
    const [tagged, lone] = [await putManifest(store), await putManifest(store)];
    await store.tag(latest, tagged.descriptor);
    const signature = await putManifest(store, { subject: tagged.descriptor });
    const note = await putManifest(store, { subject: signature.descriptor });
    await makeOld(...[tagged, lone, signature, note].map(({ descriptor }) => descriptor.digest));
    await store.collectGarbage({ graceMs: day, untagged: "keep" });
    expect(await store.has(lone.descriptor)).toBe(true);
    await store.collectGarbage({ graceMs: day, untagged: "remove" });
    const kept = [tagged, signature, note, lone].map(({ descriptor }) => store.has(descriptor));
    expect(await Promise.all(kept)).toEqual([true, true, true, false]);
  });

  test("deletes the content of a deleted manifest", async () => {
    const manifest = await putManifest(store);
    const layers = (await readdir(join(directory, "blobs/sha256"))).map((name) => `sha256:${name}` as Digest);
    await makeOld(...layers);
    await store.deleteManifest(manifest.descriptor.digest);
    expect((await store.collectGarbage({ graceMs: day })).blobs).toBe(2);
  });

  test("deletes nothing if the references of an entry are unknown", async () => {
    const blob = await putBlob();
    await makeOld(blob.digest);
    const strange = { mediaType: "application/vnd.example.strange+json", digest: blob.digest, size: 100 };
    await writeFile(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [strange] }));
    await expectRefused(store.collectGarbage({ graceMs: day }), "OCI_UNSUPPORTED");
    expect(await store.has(blob)).toBe(true);
  });

  test("deletes nothing if a listed manifest is damaged", async () => {
    const [manifest, blob] = [await putManifest(store), await putBlob()];
    await writeFile(blobPath(manifest.descriptor.digest), Buffer.alloc(manifest.bytes.length));
    await makeOld(blob.digest);
    await expectRefused(store.collectGarbage({ graceMs: day }), "OCI_DIGEST_MISMATCH");
    expect(await store.has(blob)).toBe(true);
  });

  test("deletes no file that is not a blob's, except old leftovers of killed processes", async () => {
    await putBlob();
    const [notes, leftover] = ["notes", ".dtuf-tmp-0123456789abcdef"].map((name) =>
      join(directory, "blobs/sha256", name),
    );
    const old = new Date("2020-01-01T00:00:00Z");
    for (const path of [notes ?? "", leftover ?? ""]) {
      await writeFile(path, "");
      await utimes(path, old, old);
    }
    await store.collectGarbage({ graceMs: day });
    const names = await readdir(join(directory, "blobs/sha256"));
    expect(names).toContain("notes");
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
  });
});

test("a manifest without its blobs may be put: a layout may be sparse", async () => {
  const absent = blobOf(randomContent(5));
  const manifest = encodeImageManifest({ artifactType: "application/vnd.example", layers: [absent] });
  await store.put(manifest.descriptor, manifest.bytes, { tags: [latest] });
  expect(manifest.descriptor.mediaType).toBe(mediaTypes.imageManifest);
  expect((await store.resolve(latest, { want: "bytes" }))?.descriptor.digest).toBe(manifest.descriptor.digest);
  expect(await store.open(absent)).toBeUndefined();
});
