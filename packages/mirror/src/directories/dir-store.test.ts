import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestHex, digestOf, encodeImageManifest, parseTag, type Descriptor } from "@dtuf/registry";
import { blobOf, listAll, nothing, putManifest, randomContent } from "@dtuf/testing/oci-content";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { createDirStore, type DirStore } from "./dir-store.ts";

const tag = parseTag("any");
let directory: string;
let store: DirStore;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "dir-store-")), "image");
  store = createDirStore({ directory, now: () => new Date() });
});
afterEach(() => rm(join(directory, ".."), { recursive: true, force: true }));

test("nothing exists before the first put, and reads create nothing", async () => {
  const blob = blobOf(randomContent(3));
  expect(await store.resolve(tag, { want: "digest" })).toBeUndefined();
  expect(await store.open(blob)).toBeUndefined();
  expect(await store.has(blob)).toBe(false);
  expect(await readdir(join(directory, ".."))).toEqual([]);
});

test("an image has skopeo's files, and the next image replaces all of them", async () => {
  const first = await putManifest(store);
  await store.tag(tag, first.descriptor);
  await writeFile(join(directory, "signature-1"), "of the first");
  const second = await putManifest(store);
  expect((await store.resolve(tag, { want: "digest" }))?.descriptor.digest).toBe(first.descriptor.digest);
  await store.tag(tag, second.descriptor);
  expect(await readFile(join(directory, "version"), "utf8")).toBe("Directory Transport Version: 1.1\n");
  expect(await readFile(join(directory, "manifest.json"))).toEqual(Buffer.from(second.bytes));
  expect(await readdir(directory)).toHaveLength(4);
  expect(await store.countSignatures()).toBe(0);
});

test("content with another digest is refused and leaves no file", async () => {
  const blob = blobOf(randomContent(30));
  await expectRefused(store.put(blob, randomContent(30)), "OCI_DIGEST_MISMATCH");
  expect(await readdir(directory)).toEqual(["version"]);
});

test("a blob that was changed on the disk is refused", async () => {
  const bytes = randomContent(30);
  const blob = blobOf(bytes);
  await store.put(blob, bytes);
  await writeFile(join(directory, digestHex(blob.digest)), randomContent(30));
  const stream = await store.open(blob);
  await expectRefused(listAll(stream ?? nothing()), "OCI_DIGEST_MISMATCH");
});

test("a blob is linked from another image's directory if it is complete there", async () => {
  const other = createDirStore({ directory: `${directory}-other`, now: () => new Date() });
  const bytes = randomContent(30);
  const blob = blobOf(bytes);
  expect(await store.mount(blob, other.directory)).toBe(false);
  await other.put(blob, bytes);
  expect(await store.mount(blob, other.directory)).toBe(true);
  expect(await store.has(blob)).toBe(true);
});

test("sha512 is refused, because the form has no name for it", async () => {
  const bytes = randomContent(3);
  await expectRefused(store.put(blobOf(bytes, "sha512"), bytes), "MIRROR_UNSUPPORTED");
});

test("content of the right size that was damaged is replaced by the next put", async () => {
  const bytes = randomContent(6);
  await store.put(blobOf(bytes), bytes);
  const path = join(directory, digestHex(digestOf(bytes)));
  await writeFile(path, "damage");
  await store.put(blobOf(bytes), bytes);
  expect(await readFile(path)).toEqual(Buffer.from(bytes));
});

describe("hostile directories", () => {
  test("a link with the name of the directory is not followed by writes [T71]", async () => {
    await putManifest(store);
    await rename(directory, join(directory, "../moved"));
    await symlink(join(directory, "../moved"), directory);
    const before = await readdir(join(directory, "../moved"));
    const bytes = randomContent(7);
    const again = createDirStore({ directory, now: () => new Date() });
    await expectRefused(again.put(blobOf(bytes), bytes), "FILE_NOT_REGULAR");
    expect(await readdir(join(directory, "../moved"))).toEqual(before);
  });

  async function withLayer(): Promise<Descriptor> {
    const bytes = randomContent(16);
    const layer = blobOf(bytes);
    await store.put(layer, bytes);
    return layer;
  }

  test("a link with the name of a blob is not followed [T71]", async () => {
    const layer = await withLayer();
    const path = join(directory, digestHex(layer.digest));
    await rename(path, join(directory, "../moved"));
    await symlink(join(directory, "../moved"), path);
    await expectRefused(store.open(layer), "FILE_NOT_REGULAR");
  });

  test("a pipe with the name of the manifest does not block [T71]", async () => {
    await withLayer();
    execFileSync("mkfifo", [join(directory, "manifest.json")]);
    await expectRefused(store.resolve(tag, { want: "bytes" }), "FILE_NOT_REGULAR");
  });

  test("a manifest of many megabytes is not read", async () => {
    await withLayer();
    await writeFile(join(directory, "manifest.json"), Buffer.alloc(9 * 1024 * 1024, " "));
    await expectRefused(store.resolve(tag, { want: "bytes" }), "FILE_TOO_LARGE");
  });

  test("a digest that would lead out of the directory is never part of a path", async () => {
    const manifest = JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: "a/b", digest: "sha256:../../etc/passwd", size: 1 },
      layers: [],
    });
    await withLayer();
    await expectRefused(
      store.put(
        { ...blobOf(Buffer.from(manifest)), mediaType: encodeImageManifest({ layers: [] }).descriptor.mediaType },
        Buffer.from(manifest),
        { tags: [tag] },
      ),
      "OCI_DIGEST_INVALID",
    );
  });

  test("a directory with other files is not written to", async () => {
    await mkdir(directory);
    await writeFile(join(directory, "letter"), "mine");
    const bytes = randomContent(1);
    await expectRefused(store.put(blobOf(bytes), bytes), "MIRROR_DIRECTORY_INVALID");
    expect(await readdir(directory)).toEqual(["letter"]);
  });

  test("a directory of an unknown version of the form is not changed", async () => {
    await mkdir(directory);
    await writeFile(join(directory, "version"), "Directory Transport Version: 9.9\n");
    const bytes = randomContent(1);
    await expectRefused(store.put(blobOf(bytes), bytes), "MIRROR_DIRECTORY_INVALID");
  });

  test("files that are not part of an image stay when images change", async () => {
    const first = await putManifest(store);
    await store.tag(tag, first.descriptor);
    await writeFile(join(directory, "README"), "mine");
    const second = await putManifest(store);
    await store.tag(tag, second.descriptor);
    expect(await readFile(join(directory, "README"), "utf8")).toBe("mine");
    expect(digestOf(await readFile(join(directory, "manifest.json")))).toBe(second.descriptor.digest);
  });
});
