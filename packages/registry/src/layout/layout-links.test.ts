/** A layout may contain planted or damaged files: nothing is written, touched or deleted outside of it. */
import { blobOf, putManifest, randomContent } from "@dtuf/testing/oci-content";
import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";
import { digestHex } from "../oci/digest.ts";
import { createLayoutStore } from "./layout-store.ts";

const home = useDirectory();
let directory: string;
beforeEach(() => {
  directory = join(home, "demo");
});

test.each(["blobs", "blobs/sha256", "blobs/sha512"])(
  "if %s is a link, nothing is written or deleted behind it",
  async (name) => {
    await putManifest(createLayoutStore({ directory }));
    const outside = join(home, "outside");
    await mkdir(join(directory, name), { recursive: true });
    await rename(join(directory, name), outside);
    await symlink(outside, join(directory, name));
    const stranger = join(outside, "ab".repeat(32));
    await writeFile(stranger, "mine");
    await utimes(stranger, 1, 1);
    const before = await readdir(outside, { recursive: true });
    const store = createLayoutStore({ directory });
    const bytes = randomContent(5);
    for (const change of [
      () => store.put(blobOf(bytes), bytes),
      () => store.collectGarbage({ graceMs: 0 }),
      () => store.deleteBlob(blobOf(bytes).digest),
    ]) {
      await expectRefused(change(), "FILE_NOT_REGULAR");
    }
    expect(await readdir(outside, { recursive: true })).toEqual(before);
  },
);

test("a blob that is a link counts as missing, and its target is not touched", async () => {
  const store = createLayoutStore({ directory });
  const bytes = randomContent(6);
  const blob = blobOf(bytes);
  await store.put(blob, bytes);
  const path = join(directory, "blobs/sha256", digestHex(blob.digest));
  const victim = join(home, "victim");
  await writeFile(victim, bytes);
  await utimes(victim, 1, 1);
  await rm(path);
  await symlink(victim, path);
  expect(await store.has(blob)).toBe(false);
  expect(await store.open(blob)).toBeUndefined();
  await store.put(blob, bytes);
  expect((await stat(victim)).mtimeMs).toBe(1000);
  expect(await store.has(blob)).toBe(true);
});

test("content of the right size that was damaged is replaced by the next put", async () => {
  const store = createLayoutStore({ directory });
  const bytes = randomContent(6);
  const blob = blobOf(bytes);
  await store.put(blob, bytes);
  const path = join(directory, "blobs/sha256", digestHex(blob.digest));
  await writeFile(path, "damage");
  await store.put(blob, bytes);
  expect(await readFile(path)).toEqual(Buffer.from(bytes));
});
