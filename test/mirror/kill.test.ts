/** A copy is killed at each change of the disk; the next run ends what it began. */
import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { createCopy, createStoreSource } from "@dtuf/copy";
import { hasArchive, openArchive } from "@dtuf/mirror";
import { digestHex, digestOf, parseManifest, type ManifestContent } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { listAll, randomContent, bytesOf } from "@dtuf/testing/oci-content";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { carryingDay, carryPlain } from "./carry-plain.ts";
import { copyLayout, copyToArchive } from "./copy-layout.ts";
import { putImage, putMultiPlatform } from "./images.ts";

const program = join(import.meta.dirname, "sync-process.ts");
const beside = (name: string): string => join(import.meta.dirname, name);
const folder = useDirectory("all tests");

beforeAll(async () => {
  const store = createLayoutStore({ directory: join(folder, "layout") });
  const base = randomContent(300);
  await putImage(store, { tags: ["1"], layers: [base] });
  await putMultiPlatform(store, { tag: "multi" });
});

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

test("into nothing: at every moment each image is whole or not there, and the next run ends what it began", async () => {
  const check = async (directory: string): Promise<void> => {
    await expectImages(directory);
    await copyLayout(join(folder, "layout"), directory);
    for (const name of ["layout:1", "layout:multi"]) {
      expect(await readdir(join(directory, name))).toContain("manifest.json");
      await expectWhole(join(directory, name));
    }
  };
  const killed = await killAtEachChange({ program, args: [join(folder, "layout")], check });
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

/** The tags of the archive; undefined: there is none. */
async function tagsIn(directory: string): Promise<readonly string[] | undefined> {
  const archive = join(directory, "images.tar");
  if (!(await hasArchive(archive))) return undefined;
  const layout = await openArchive(archive, join(directory, "opened"));
  return await listAll(createLayoutStore({ directory: layout }).listTags());
}

test("into an archive: it is the old one or the new one, and the next run makes it the new one", async () => {
  const before = join(folder, "archive");
  const layout = join(folder, "growing", "layout");
  const store = createLayoutStore({ directory: layout });
  await putImage(store, { tags: ["1"] });
  await mkdir(before);
  await copyToArchive(layout, before);
  await putImage(store, { tags: ["2"] });
  const killed = await killAtEachChange({
    program: beside("archive-process.ts"),
    args: [layout],
    before,
    check: async (directory) => {
      const found = await tagsIn(directory);
      expect([["1"], ["1", "2"]]).toContainEqual(found);
      await rm(join(directory, "opened"), { recursive: true });
      await copyToArchive(layout, directory);
      expect(await tagsIn(directory)).toEqual(["1", "2"]);
      expect((await readdir(directory)).filter((name) => !name.includes(".dtuf-tmp-"))).toEqual([
        "images.tar",
        "opened",
      ]);
    },
  });
  expect(killed).toBeGreaterThan(20);
});

test("a TUF repository: readers see the old release or the new one, whole, and the next run brings the new one", async () => {
  const sim = await createTufSimulator();
  const publish = async (name: string, content: string): Promise<string> => {
    sim.addTarget("a.txt", Buffer.from(content));
    await sim.publishRelease();
    await publishToDirectory(sim, join(folder, name));
    return join(folder, name);
  };
  const read = async (directory: string): Promise<string> => {
    const source = createStoreSource(createLayoutStore({ directory: join(directory, "mirror") }));
    const copy = createCopy({ source, place: "x", directory: join(directory, "reader"), now: carryingDay });
    await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
    const target = await copy.findTarget(parseTargetPath("a.txt"));
    if (target === undefined) throw new TypeError("no a.txt");
    return (await bytesOf(await copy.openTarget(target))).toString();
  };
  const before = join(folder, "carried");
  await carryPlain(await publish("old", "old"), before);
  const fresh = await publish("fresh", "new");
  const killed = await killAtEachChange({
    program: beside("carry-process.ts"),
    args: [fresh],
    before,
    check: async (directory) => {
      expect(["old", "new"]).toContain(await read(directory));
      await carryPlain(fresh, directory);
      expect(await read(directory)).toBe("new");
    },
  });
  expect(killed).toBeGreaterThan(20);
});
