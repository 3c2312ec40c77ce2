import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, readdir, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { pack, type Header } from "tar-stream";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { readArchive } from "./read-archive.ts";
import { writeArchive } from "./write-archive.ts";

const home = useDirectory();
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

test("an archive is read as the layout that it was made from, which gives the same archive again", async () => {
  const path = await tarOf([...good, { name: "manifest.json", content: "[]" }]);
  await readArchive(path, join(home, "out"));
  expect(await readFile(join(home, "out/blobs/sha256", hex), "utf8")).toBe(blob);
  await writeArchive(join(home, "out"), join(home, "b.tar"));
  await readArchive(join(home, "b.tar"), join(home, "again"));
  await writeArchive(join(home, "again"), join(home, "c.tar"));
  expect(await readFile(join(home, "b.tar"))).toEqual(await readFile(join(home, "c.tar")));
});

test("modes in an archive are ignored [T73]", async () => {
  await read(good.map((entry) => ({ ...entry, mode: 0o6777 })));
  const bits = async (name: string): Promise<number> => (await stat(join(home, "out", name))).mode & 0o7777;
  for (const name of ["", "blobs", "blobs/sha256"]) expect([name, (await bits(name)) & 0o7022]).toEqual([name, 0]);
  // No file is executable, and only its owner may write it.
  for (const name of [`blobs/sha256/${hex}`, "index.json", "oci-layout"]) {
    expect([name, (await bits(name)) & 0o7133]).toEqual([name, 0]);
  }
});

describe("archives of other tools are read", () => {
  test("files and folders next to a layout are skipped and never written, at any position [T73]", async () => {
    const others: readonly Given[] = [
      ...[".dtuf-lock", "._index.json", ".DS_Store", "README", "manifest.json", "setup.sh"].map((name) => ({ name })),
      { name: "ingest/", type: "directory", mode: 0o777 },
      { name: "ingest/part", content: "partial" },
      { name: `blobs/sha256/._${hex}`, content: "resource fork" },
      { name: `blobs/sha256/${hex.toUpperCase()}`, content: blob },
      { name: "blobs/md5/", type: "directory" },
    ];
    for (const entries of [
      [...others, ...good],
      [...good, ...others],
    ]) {
      await read(entries);
      expect(await readdir(join(home, "out"), { recursive: true })).toEqual(
        expect.arrayContaining(["index.json", "oci-layout", `blobs/sha256/${hex}`]),
      );
      expect(await readdir(join(home, "out"), { recursive: true })).toHaveLength(6);
      await rm(join(home, "out"), { recursive: true });
    }
  });

  test("a layout without the marker oci-layout gets one", async () => {
    await read(good.filter(({ name }) => name !== "oci-layout"));
    expect(await readFile(join(home, "out/oci-layout"), "utf8")).toBe('{"imageLayoutVersion":"1.0.0"}');
  });

  test("a tar of the oldest form, made by GNU tar, is read", async () => {
    await read(good);
    execFileSync("tar", ["--format=v7", "-cf", "old.tar", "-C", "out", "."], { cwd: home });
    await readArchive(join(home, "old.tar"), join(home, "again"));
    expect(await readFile(join(home, "again/blobs/sha256", hex), "utf8")).toBe(blob);
  });

  test.each([
    ["gzip", gzipSync],
    [
      "gzip in two members",
      (tar: Buffer) => Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]),
    ],
    ["zstd", zstdCompressSync],
  ])("%s is known by its first bytes, whatever the file is called", async (_what, compress) => {
    const path = await tarOf(good);
    await writeFile(path, compress(await readFile(path)));
    await readArchive(path, join(home, "out"));
    expect(await readFile(join(home, "out/blobs/sha256", hex), "utf8")).toBe(blob);
  });

  test.each([
    ["bzip2", Buffer.from("BZh91AY&SY"), /compressed with bzip2/],
    ["xz", Buffer.from("fd377a585a00", "hex"), /compressed with xz/],
    ["two frames of zstd", Buffer.concat([zstdCompressSync(Buffer.alloc(512)), zstdCompressSync("x")]), /second part/],
    ["gzip that ends early", gzipSync(Buffer.alloc(4096)).subarray(0, 20), /cannot be unpacked/],
    ["zstd that is damaged", Buffer.concat([zstdCompressSync("x").subarray(0, 8), Buffer.alloc(9, 255)]), /unpacked/],
    ["nothing", Buffer.alloc(0), /a.tar .*no index.json/],
  ] as const)("%s is named", async (_what, bytes, says) => {
    await writeFile(join(home, "a.tar"), bytes);
    await expectRefused(readArchive(join(home, "a.tar"), join(home, "out")), "MIRROR_ARCHIVE_INVALID", {
      message: expect.stringMatching(says) as unknown,
    });
  });
});

describe("hostile archives leave nothing outside their directory, and no layout in it", () => {
  const digest = `blobs/sha256/${hex}`;
  // With the content that a reader would see in a link: empty.
  const empty = `blobs/sha256/${createHash("sha256").digest("hex")}`;
  const attacks: readonly (readonly [string, readonly Given[], RegExp])[] = [
    ["a symbolic link [T71]", [{ name: empty, type: "symlink", linkname: "/etc/passwd" }], /is a symlink/],
    ["a link and a file through it [T71]", [{ name: "blobs", type: "symlink", linkname: "../.." }], /is a symlink/],
    ["a link in the middle of a path [T151]", [{ name: "blobs/sha256/", type: "symlink", linkname: "/" }], /symlink/],
    ["a hard link [T72]", [{ name: empty, type: "link", linkname: "/etc/passwd" }], /is a link/],
    ["a device [T72]", [{ name: empty, type: "character-device", devmajor: 1, devminor: 5 }], /is a character-device/],
    ["a pipe [T72]", [{ name: empty, type: "fifo" }], /is a fifo/],
    ["a path that leads out [T72]", [{ name: `../${digest}`, content: blob }], /leads out of it/],
    ["a path that leads out from within [T72]", [{ name: `blobs/sha256/../../../${hex}`, content: blob }], /leads out/],
    ["an absolute path [T72]", [{ name: `/tmp/${hex}`, content: blob }], /leads out/],
    ["a drive-relative path [T72]", [{ name: `C:${hex}`, content: blob }], /leads out/],
    ["the root as a link [T74]", [{ name: ".", type: "symlink", linkname: "/" }], /is a symlink/],
    ["a path that leads out with backslashes [T72]", [{ name: `blobs\\..\\..\\${hex}`, content: blob }], /leads out/],
    ["a folder that leads out [T72]", [{ name: "../evil/", type: "directory" }], /leads out/],
    ["a link with a name that is skipped [T71]", [{ name: "README", type: "symlink", linkname: "/" }], /is a symlink/],
    [
      "content with another digest",
      [{ name: digest, content: "another content" }],
      /^a blob in .* was damaged or changed: wanted sha256:/,
    ],
    ["a second index", [index], /is in it twice/],
  ];

  const expectArchiveRefused = async (entries: readonly Given[], says: RegExp): Promise<void> => {
    const before = await readdir(home);
    await expectRefused(read(entries), "MIRROR_ARCHIVE_INVALID", { message: expect.stringMatching(says) as unknown });
    expect(new Set(await readdir(home))).toEqual(new Set([...before, "a.tar", "out"]));
    expect(await readdir(join(home, "out"))).not.toContain("oci-layout");
  };

  // Each before and after the entries of a good archive, so that nothing else is wrong.
  test.each(attacks)("%s", async (_what, entries, says) => {
    await expectArchiveRefused(
      [...entries, ...good.filter(({ name }) => name !== entries[0]?.name || name === "index.json")],
      says,
    );
    await rm(join(home, "out"), { recursive: true });
    await expectArchiveRefused(
      [...good.filter(({ name }) => name !== entries[0]?.name || name === "index.json"), ...entries],
      says,
    );
  });

  test.each([
    ["a marker of another version", [{ ...marker, content: '{"imageLayoutVersion":"2"}' }, index], /a.tar.*"1.0.0"/],
    ["an index that is not JSON", [marker, { name: "index.json", content: "{" }], /a.tar .*index.json is not JSON/],
    ["an index of another kind", [marker, { name: "index.json", content: '{"manifests":{}}' }], /a.tar .*list of obj/],
    ["no index", [marker], /it has no index.json/],
  ] as const)("%s", async (_what, entries, says) => {
    await expectArchiveRefused(entries, says);
  });

  test("an archive that ends early", async () => {
    const path = await tarOf([{ name: digest, content: blob.repeat(1000) }, ...good]);
    await truncate(path, 3000);
    await expectRefused(readArchive(path, join(home, "out")), "MIRROR_ARCHIVE_INVALID");
    expect(await readdir(join(home, "out/blobs/sha256"))).toEqual([]);
  });

  test("a file that is not a tar", async () => {
    const path = join(home, "a.tar");
    await writeFile(path, Buffer.alloc(100_000, "x"));
    await expectRefused(readArchive(path, join(home, "out")), "MIRROR_ARCHIVE_INVALID");
  });

  test("a header of many megabytes is not kept in memory [T72]", async () => {
    const path = await tarOf([{ name: "long", pax: { comment: "x".repeat(20 * 1024 * 1024) } }]);
    await expectRefused(readArchive(path, join(home, "out")), "MIRROR_ARCHIVE_INVALID", {
      message: expect.stringContaining("Header") as string,
    });
  });

  test("a decompression bomb is refused at the ratio limit and leaves no file [T72]", async () => {
    // Zeros under a name that is skipped: the time to unpack them is the harm.
    const tar = pack();
    tar.entry({ name: "zeros" }, Buffer.alloc(300 * 1024 * 1024));
    tar.finalize();
    const path = join(home, "a.tar");
    const bytes = await buffer(tar as unknown as AsyncIterable<Uint8Array> as NodeJS.ReadableStream);
    await writeFile(path, zstdCompressSync(bytes));
    expect((await stat(path)).size).toBeLessThan(100_000);
    await expectRefused(readArchive(path, join(home, "out")), "MIRROR_ARCHIVE_INVALID", {
      message: expect.stringMatching(/unpack to more than 200 times/) as unknown,
    });
    expect(await readdir(join(home, "out/blobs/sha256"))).toEqual([]);
  });

  test("an archive that does not exist", async () => {
    await expectRefused(readArchive(join(home, "none"), join(home, "out")), "FILE_IO");
  });
});

test("a layout with a link among its blobs is not packed [T71]", async () => {
  await read(good);
  await symlink("/etc/passwd", join(home, "out/blobs/sha256", "0".repeat(64)));
  await expectRefused(writeArchive(join(home, "out"), join(home, "b.tar")), "FILE_NOT_REGULAR");
  expect(await readdir(home)).not.toContain("b.tar");
});

test("a pipe or a device with the name of an archive is refused and does not block", async () => {
  execFileSync("mkfifo", [join(home, "pipe")]);
  for (const path of [join(home, "pipe"), "/dev/zero"]) {
    await expectRefused(readArchive(path, join(home, "out")), "FILE_NOT_REGULAR");
  }
});
