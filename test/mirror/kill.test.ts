/** A copy into directories is killed at each change of the disk; the next run ends what it began. */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestHex, digestOf, parseManifest, type ManifestContent } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { killAtEachChange } from "@dtuf/testing/file-trials";
import { randomContent } from "@dtuf/testing/oci-content";
import { copyLayout } from "./copy-layout.ts";
import { putImage, putMultiPlatform } from "./images.ts";

const program = join(import.meta.dirname, "sync-process.ts");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dtuf-kill-sync-"));
  const store = createLayoutStore({ directory: join(folder, "layout") });
  const base = randomContent(300);
  await putImage(store, { tags: ["1"], layers: [base] });
  await putMultiPlatform(store, { tag: "multi" });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An image that shows is whole: everything below its manifest.json is there and is what its name says. */
async function expectWhole(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (!names.includes("manifest.json")) return;
  const pending = [await readFile(join(directory, "manifest.json"))];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const manifest = parseManifest(next);
    if (manifest.kind === "index") {
      const names = manifest.manifests.map(({ digest }) => `${digestHex(digest)}.manifest.json`);
      pending.push(...(await Promise.all(names.map((name) => readFile(join(directory, name))))));
    }
    const blobs = manifest.kind === "manifest" ? [manifest.config, ...manifest.layers] : [];
    for (const { digest } of blobs) expect(digestOf(await readFile(join(directory, digestHex(digest))))).toBe(digest);
  }
}

async function expectImages(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch((): string[] => [])) await expectWhole(join(directory, name));
}

test("into nothing: at every moment each image is whole or not there", async () => {
  const killed = await killAtEachChange({ program, args: [join(folder, "layout")], check: expectImages });
  expect(killed).toBeGreaterThan(20);
});

test("onto an older image: it is the old one or the new one, and the next run makes it the new one", async () => {
  const [first, second] = ["first", "second"].map((name) => join(folder, name, "layout"));
  if (first === undefined || second === undefined) throw new TypeError("two layouts");
  const images: ManifestContent[] = [];
  for (const directory of [first, second])
    images.push(await putImage(createLayoutStore({ directory }), { tags: ["1"] }));
  const before = join(folder, "before");
  await copyLayout(first, before);
  await killAtEachChange({
    program,
    args: [second],
    before,
    check: async (directory) => {
      const image = join(directory, "layout:1");
      await expectWhole(image);
      const found = digestOf(await readFile(join(image, "manifest.json")));
      expect(images.map(({ descriptor }) => descriptor.digest)).toContain(found);
      await copyLayout(second, directory);
      expect(digestOf(await readFile(join(image, "manifest.json")))).toBe(images[1]?.descriptor.digest);
      expect((await readdir(image)).filter((name) => !name.startsWith(".dtuf-tmp-"))).toHaveLength(4);
    },
  });
});
