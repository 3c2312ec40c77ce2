import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pack, type Header } from "tar-stream";
import { readArchive } from "./read-archive.ts";
import { writeArchive } from "./write-archive.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "archive-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

type Given = Partial<Header> & { readonly name: string; readonly content?: string };

const blob = "some content";
const hex = createHash("sha256").update(blob).digest("hex");
const index = { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [] }) };
const marker = { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' };
const good: readonly Given[] = [
  { name: "blobs/", type: "directory" },
  { name: "blobs/sha256/", type: "directory" },
  { name: `blobs/sha256/${hex}`, content: blob },
  index,
  marker,
];

async function tarOf(entries: readonly Given[]): Promise<string> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry(header, content ?? "");
  tar.finalize();
  const path = join(home, "a.tar");
  await writeFile(path, await buffer(tar as unknown as AsyncIterable<Uint8Array> as NodeJS.ReadableStream));
  return path;
}

const read = async (entries: readonly Given[]): Promise<void> => readArchive(await tarOf(entries), join(home, "out"));

test("an archive becomes the layout that it was made from, and the same archive again", async () => {
  const path = await tarOf([...good, { name: "manifest.json", content: "[]" }]);
  await readArchive(path, join(home, "out"));
  expect(await readFile(join(home, "out/blobs/sha256", hex), "utf8")).toBe(blob);
  await writeArchive(join(home, "out"), join(home, "b.tar"));
  await readArchive(join(home, "b.tar"), join(home, "again"));
  await writeArchive(join(home, "again"), join(home, "c.tar"));
  expect(await readFile(join(home, "b.tar"))).toEqual(await readFile(join(home, "c.tar")));
});

test("an archive's modes are not taken over [T73]", async () => {
  await read(good.map((entry) => ({ ...entry, mode: 0o6777 })));
  const bits = async (name: string): Promise<number> => (await stat(join(home, "out", name))).mode & 0o7777;
  for (const name of ["", "blobs", "blobs/sha256"]) expect([name, (await bits(name)) & 0o7022]).toEqual([name, 0]);
  // Nobody may run a file, and only its owner write it.
  for (const name of [`blobs/sha256/${hex}`, "index.json", "oci-layout"]) {
    expect([name, (await bits(name)) & 0o7133]).toEqual([name, 0]);
  }
});

describe("hostile archives leave nothing outside their directory, and no layout in it", () => {
  const digest = `blobs/sha256/${hex}`;
  // With the content that a reader would make of a link: none.
  const empty = `blobs/sha256/${createHash("sha256").digest("hex")}`;
  const attacks: readonly (readonly [string, readonly Given[], RegExp])[] = [
    ["a symbolic link [T71]", [{ name: empty, type: "symlink", linkname: "/etc/passwd" }], /is a symlink/],
    ["a link and a file through it [T71]", [{ name: "blobs", type: "symlink", linkname: "../.." }], /is a symlink/],
    ["a link in the middle of a path [T151]", [{ name: "blobs/sha256/", type: "symlink", linkname: "/" }], /symlink/],
    ["a hard link [T72]", [{ name: empty, type: "link", linkname: "/etc/passwd" }], /is a link/],
    ["a device [T72]", [{ name: empty, type: "character-device", devmajor: 1, devminor: 5 }], /is a character-device/],
    ["a pipe [T72]", [{ name: empty, type: "fifo" }], /is a fifo/],
    ["a path that climbs [T72]", [{ name: `../${digest}`, content: blob }], /has no place in a layout/],
    ["a path that climbs from within [T72]", [{ name: `blobs/sha256/../../../${hex}`, content: blob }], /has no place/],
    ["an absolute path [T72]", [{ name: `/tmp/${hex}`, content: blob }], /has no place/],
    ["a drive-relative path [T72]", [{ name: `C:${hex}`, content: blob }], /has no place/],
    ["names that differ in case [T72]", [{ name: digest.toUpperCase(), content: blob }], /has no place/],
    ["the root as a link [T74]", [{ name: ".", type: "symlink", linkname: "/" }], /is a symlink/],
    ["a directory of its own [T73]", [{ name: "evil/", type: "directory", mode: 0o777 }], /has no place/],
    ["a file of another name", [{ name: "setup.sh", content: "#!/bin/sh" }], /has no place/],
    ["content that is not its digest", [{ name: digest, content: "another content" }], /wanted sha256:/],
    ["a second index", [index], /is in it twice/],
  ];

  const expectRefused = async (entries: readonly Given[], says: RegExp): Promise<void> => {
    const before = await readdir(home);
    await expect(read(entries)).rejects.toMatchObject({
      code: "MIRROR_ARCHIVE_INVALID",
      message: expect.stringMatching(says) as unknown,
    });
    expect(new Set(await readdir(home))).toEqual(new Set([...before, "a.tar", "out"]));
    expect(await readdir(join(home, "out"))).not.toContain("oci-layout");
  };

  // Each before a good archive, and behind it: nothing else is wrong with them.
  test.each(attacks)("%s", async (_what, entries, says) => {
    await expectRefused(
      [...entries, ...good.filter(({ name }) => name !== entries[0]?.name || name === "index.json")],
      says,
    );
    await rm(join(home, "out"), { recursive: true });
    await expectRefused(
      [...good.filter(({ name }) => name !== entries[0]?.name || name === "index.json"), ...entries],
      says,
    );
  });

  test.each([
    ["no marker", [index], /there is no oci-layout/],
    ["no index", [marker], /there is no index.json/],
  ] as const)("%s", async (_what, entries, says) => {
    await expectRefused(entries, says);
  });

  test("an archive that ends early", async () => {
    const path = await tarOf([{ name: digest, content: blob.repeat(1000) }, ...good]);
    await truncate(path, 3000);
    await expect(readArchive(path, join(home, "out"))).rejects.toMatchObject({ code: "MIRROR_ARCHIVE_INVALID" });
    expect(await readdir(join(home, "out/blobs/sha256"))).toEqual([]);
  });

  test("what is no tar at all", async () => {
    const path = join(home, "a.tar");
    await writeFile(path, Buffer.alloc(100_000, "x"));
    await expect(readArchive(path, join(home, "out"))).rejects.toMatchObject({ code: "MIRROR_ARCHIVE_INVALID" });
  });

  test("a header of many megabytes is not kept in memory [T72]", async () => {
    const path = await tarOf([{ name: "long", pax: { comment: "x".repeat(20 * 1024 * 1024) } }]);
    await expect(readArchive(path, join(home, "out"))).rejects.toMatchObject({
      code: "MIRROR_ARCHIVE_INVALID",
      message: expect.stringContaining("Header") as string,
    });
  });

  test("an archive that is not there", async () => {
    await expect(readArchive(join(home, "none"), join(home, "out"))).rejects.toMatchObject({ code: "FILE_IO" });
  });
});

test("a layout with a link among its blobs is not packed [T71]", async () => {
  await read(good);
  await symlink("/etc/passwd", join(home, "out/blobs/sha256", "0".repeat(64)));
  await expect(writeArchive(join(home, "out"), join(home, "b.tar"))).rejects.toMatchObject({
    code: "FILE_NOT_REGULAR",
  });
  expect(await readdir(home)).not.toContain("b.tar");
});

test("a pipe or a device that is named as an archive is refused and not waited for", async () => {
  execFileSync("mkfifo", [join(home, "pipe")]);
  for (const path of [join(home, "pipe"), "/dev/zero"]) {
    await expect(readArchive(path, join(home, "out"))).rejects.toMatchObject({ code: "FILE_NOT_REGULAR" });
  }
});
