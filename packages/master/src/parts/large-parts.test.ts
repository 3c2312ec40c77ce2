import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { appendFile, open, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseChunkIndex } from "@dtuf/delta";
import { encodeTarget, findTargetBlobs, findTargetIndex } from "@dtuf/format";
import { createDigester, digestHex, digestOf, type Digest, type Progress } from "@dtuf/registry";
import { readFileIdentity } from "@dtuf/registry/files";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, useRegistryPublisher } from "@dtuf/testing/scene/publishers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseTargetPath } from "@dtuf/tuf";
import { createMaster, type Master, type TargetPart } from "../index.ts";
import { openHashedFiles } from "./hashed-files.ts";

const large = 5 * 1024 * 1024;

const { directory, registry, open: openMaster } = useRegistryPublisher(createMaster);
const path = join(directory, "large");
let master: Master;

beforeEach(async () => {
  await writeFile(path, randomBytes(large));
  master = await establish(openMaster());
  registry.clearLog();
});

afterEach(() => master.close());

const part = (): TargetPart => ({ kind: "file", path });
const push = async (name = "large"): Promise<string | undefined> =>
  (await master.pushTarget(name, [part()])).hashes.get("sha256");
const sha256 = async (): Promise<string> => digestHex(digestOf(await readFile(path)));
const methods = (): readonly string[] =>
  registry.requests.filter(({ path: to }) => to.includes("/blobs/")).map(({ method }) => method);
const stagedNames = async (): Promise<readonly string[]> =>
  (await master.staged()).targets.map(({ path: name }) => name);

/** Changes the record of hashed files: if this digest is signed, the file was not read. */
async function rememberWrongly(digest: Digest): Promise<void> {
  const { key } = await readFileIdentity(path);
  await writeFile(join(directory, "master/hashed-files.json"), JSON.stringify({ [key]: digest }));
}

describe("a file that is larger than a blob should be", () => {
  const partBytes = 2 * 1024 * 1024;

  test("is stored as several blobs of one manifest, in order, read once, with one index over all of them", async () => {
    const file = await master.pushTarget("large", [part()], { partBytes });
    const blobs = findTargetBlobs(file) ?? [];
    expect(blobs.map(({ size }) => size)).toEqual([partBytes, partBytes, 1024 * 1024]);
    expect(file.hashes.get("sha256")).toBe(await sha256());
    const stored = registry.repository("fred/demo").blobs;
    const bytes = await readFile(path);
    expect(Buffer.concat(blobs.map(({ digest }) => stored.get(digest) ?? Buffer.alloc(0))).equals(bytes)).toBe(true);
    const manifest = encodeTarget(parseTargetPath("large"), file);
    const titles = Buffer.from(manifest?.manifest.bytes ?? [])
      .toString()
      .match(/large\.part-\d{3}/g);
    expect(titles).toEqual(["large.part-001", "large.part-002", "large.part-003"]);
    const index = findTargetIndex(file);
    const parsed = parseChunkIndex(stored.get(index?.digest ?? digestOf(bytes)) ?? bytes, {
      length: bytes.length,
      sha256: await sha256(),
    });
    expect(parsed.length).toBe(large);
  });

  test("is refused if it would be more parts than a client takes, and nothing is sent", async () => {
    await expectRefused(master.pushTarget("large", [part()], { partBytes: 256 }), "MASTER_PART_INVALID");
    expect(methods()).toEqual([]);
  });

  test("is not split if it has exactly the size of a part", async () => {
    expect(findTargetBlobs(await master.pushTarget("large", [part()], { partBytes: large }))).toHaveLength(1);
  });

  test("is refused if it changes between two of its parts, although each of them was read from one state", async () => {
    const firstBytes = large - 1000;
    const onProgress = ({ isStored, bytes }: Progress): void => {
      if (isStored === true && bytes === firstBytes) appendFileSync(path, "x");
    };
    await expectRefused(master.pushTarget("large", [part()], { partBytes: firstBytes, onProgress }), "FILE_CHANGED");
    expect(await stagedNames()).toEqual([]);
  });

  test("and a part of a file that was named is the target", async () => {
    const file = await master.pushTarget("large", [{ kind: "file", path, range: { from: 10, to: 5000 } }]);
    const bytes = (await readFile(path)).subarray(10, 5000);
    expect(file).toMatchObject({ length: 4990, hashes: new Map([["sha256", digestHex(digestOf(bytes))]]) });
  });

  test.each([0, -1, 1.5, Number.NaN])("cannot have parts of %d bytes", async (bytes) => {
    await expect(master.pushTarget("large", [part()], { partBytes: bytes })).rejects.toThrow(TypeError);
  });
});

describe("a large file", () => {
  test("is sent by one PATCH while it is read, together with small parts, and the whole hash is that of the target", async () => {
    const small = join(directory, "small");
    await writeFile(small, "small");
    const file = await master.pushTarget("whole", [{ kind: "file", path: small }, part()]);
    expect(registry.requests.filter(({ method }) => method === "PATCH").map(({ bodyBytes }) => bodyBytes)).toEqual([
      large,
    ]);
    const whole = createDigester();
    for (const each of [small, path]) whole.update(await readFile(each));
    expect(`sha256:${file.hashes.get("sha256")}`).toBe(whole.digest());
    expect(registry.violations).toEqual([]);
  });

  test("that changes while it is sent is refused, and nothing is staged [T142]", async () => {
    registry.script({ match: { method: "PATCH" }, fault: { kind: "run", run: () => appendFile(path, "more") } });
    await expectRefused(push(), expect.stringMatching(/^(?:FILE_CHANGED|OCI_SIZE_MISMATCH)$/));
    expect(await stagedNames()).toEqual([]);
  });

  test("that changes while it is sent, and whose mtime is set back, is refused [T142]", async () => {
    const { atime, mtime } = await stat(path);
    const change = async (): Promise<void> => {
      await using file = await open(path, "r+");
      await file.write(Buffer.from("other"), 0, 5, large - 5);
      await utimes(path, atime, mtime);
    };
    registry.script({ match: { method: "PATCH" }, fault: { kind: "run", run: change } });
    await expectRefused(push(), "FILE_CHANGED");
    expect(await stagedNames()).toEqual([]);
  });

  test("is hashed before it is sent if a target of its size is signed or staged", async () => {
    await writeFile(join(directory, "other"), randomBytes(large));
    await master.pushTarget("other", [{ kind: "file", path: join(directory, "other") }]);
    registry.clearLog();
    await push();
    expect(methods()).not.toContain("PATCH");
    await rm(join(directory, "master/hashed-files.json"));
    registry.clearLog();
    await push("again");
    expect(registry.requests.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBeLessThan(10_000);
  });
});

describe("a large file that was pushed before", () => {
  test("is not read again while it is unchanged, by another process either", async () => {
    await push();
    const other = randomBytes(large);
    await writeFile(join(directory, "other"), other);
    await master.pushTarget("other", [{ kind: "file", path: join(directory, "other") }]);
    await rememberWrongly(digestOf(other));
    await master.close();
    master = openMaster();
    registry.clearLog();
    expect(await push("again")).toBe(digestHex(digestOf(other)));
    expect(methods()).not.toContain("PATCH");
  });

  test("is read again if its content changed, although its mtime was set back [T142]", async () => {
    const before = await push();
    const { atime, mtime } = await stat(path);
    await writeFile(path, randomBytes(large));
    await utimes(path, atime, mtime);
    const after = await push("again");
    expect(after).not.toBe(before);
    expect(after).toBe(await sha256());
  });

  test("is sent and signed as it is if the registry lacks the remembered content and the file has another", async () => {
    await rememberWrongly(digestOf(randomBytes(large)));
    expect(await push()).toBe(await sha256());
    expect(registry.repository("fred/demo").blobs.has(`sha256:${await sha256()}`)).toBe(true);
  });

  test("is read again if it was changed so shortly before that a later change may have the same times", async () => {
    const file = await readFileIdentity(path);
    const digest = digestOf(Buffer.from("x"));
    for (const [elapsedMs, found] of [
      [file.resolutionMs - 1, undefined],
      [file.resolutionMs, digest],
    ] as const) {
      const now = new Date(file.changed.getTime() + elapsedMs);
      await (await openHashedFiles(directory, now)).add(file, digest);
      expect((await openHashedFiles(directory, now)).find(file)).toBe(found);
    }
  });

  test.each(["{", "null", "[1]", '{"1:2:3:4:5":"sha256:x"}', '{"__proto__":1}'])(
    "is read again if the record is %s",
    async (record) => {
      await writeFile(join(directory, "master/hashed-files.json"), record);
      expect(await push()).toBe(await sha256());
    },
  );
});
