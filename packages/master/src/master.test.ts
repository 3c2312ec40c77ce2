import { readFile, rm, stat, writeFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, type Progress } from "@dtuf/registry";
import { parseUnverified, type TrustedSet } from "@dtuf/tuf";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { describe, expect, test } from "vitest";
import { createMaster, type Master } from "./index.ts";

const { directory, clock, store, open: openMaster } = usePublishers(createMaster);

async function file(name: string, content: string | Uint8Array): Promise<{ kind: "file"; path: string }> {
  const path = join(directory, name);
  await writeFile(path, content);
  return { kind: "file", path };
}

const createRepository = async (master: Master): Promise<Uint8Array> => (await establish(master)).rootFile();
const refresh = (root: Uint8Array): Promise<TrustedSet> => readRelease(store, root, clock.now());
const targetOf = (set: TrustedSet, name: string): Promise<string | undefined> => readTarget(store, set, name);

describe("a publisher", () => {
  test("publishes releases that a reader verifies with only the first root", async () => {
    const master = openMaster("master");
    const root = await createRepository(master);
    await master.pushTarget("demo.txt", [await file("demo", "hello")]);
    expect(await master.listTargets()).toEqual([]);
    expect((await master.staged()).targets).toMatchObject([{ path: "demo.txt", change: "add" }]);
    const result = await master.pushMetadata();
    expect(result.versions).toEqual({ root: 1, targets: 1, snapshot: 1, timestamp: 1 });
    expect(result.changed).toMatchObject([{ path: "demo.txt", change: "add" }]);
    expect(await master.listTargets()).toEqual(["demo.txt"]);
    expect(await targetOf(await refresh(root), "demo.txt")).toBe("hello");
    expect((await master.staged()).targets).toEqual([]);
  });

  test("reports each part's bytes by name: hashed, uploaded, and read again for another target", async () => {
    const master = openMaster("master");
    await createRepository(master);
    const part = await file("demo", "hello");
    const digest = digestOf(Buffer.from("hello"));
    const seen: Progress[] = [];
    const onProgress = (progress: Progress): number => seen.push(progress);
    await master.pushTarget("demo.txt", [part], { onProgress });
    const told = { kind: "target", name: part.path, bytes: 5, totalBytes: 5 };
    expect(seen).toEqual([
      { ...told, step: "hash" },
      { ...told, step: "upload", digest },
      { ...told, step: "upload", digest, isStored: true },
    ]);
    await master.pushTarget("two.txt", [part, { kind: "target", name: "demo.txt" }], { onProgress });
    expect(seen).toContainEqual({ ...told, step: "download", name: "@demo.txt", digest });
  });

  test("publishes again without changes: signed again, with later expiry", async () => {
    const master = openMaster("master");
    const root = await createRepository(master);
    await master.pushMetadata();
    clock.advance({ days: 30 });
    await expectRefused(refresh(root), "TUF_EXPIRED");
    await master.pushMetadata();
    expect((await refresh(root)).targets?.signed.version).toBe(2);
    expect((await master.expirations()).get("timestamp")).toEqual(new Date(clock.now().getTime() + 86_400_000));
  });

  test("makes a target of several blobs, its own and another target's", async () => {
    const master = openMaster("master");
    const root = await createRepository(master);
    await master.pushTarget("there", [await file("a", "one "), await file("b", "two ")]);
    await master.pushTarget("foo/bar", [
      { kind: "target", name: "there" },
      await file("empty", ""),
      { kind: "target", name: "there" },
      await file("c", "three"),
    ]);
    await master.pushTarget("alias", [{ kind: "target", name: "foo/bar" }]);
    await master.pushMetadata();
    const set = await refresh(root);
    expect(await targetOf(set, "foo/bar")).toBe("one two one two three");
    expect(await targetOf(set, "alias")).toBe("one two one two three");
  });

  test("stages deletion: nothing changes for readers until it is published", async () => {
    const master = openMaster("master");
    const root = await createRepository(master);
    await master.pushTarget("a", [await file("a", "A")]);
    await master.pushMetadata();
    await master.deleteTarget("a");
    expect(await master.listTargets()).toEqual(["a"]);
    expect(await targetOf(await refresh(root), "a")).toBe("A");
    await master.pushMetadata();
    expect(await targetOf(await refresh(root), "a")).toBeUndefined();
    await expectRefused(master.deleteTarget("a"), "MASTER_TARGET_UNKNOWN");
  });

  test.for(["root.json", "7.snapshot.json", `${"a".repeat(64)}.x`, "/etc/passwd", "a/../b", "a//b", "a\\b", "a\nb"])(
    "refuses the target name %j",
    async (name) => {
      const master = openMaster("master");
      await createRepository(master);
      await expectRefused(master.pushTarget(name, [await file("a", "A")]), "MASTER_TARGET_RESERVED");
    },
  );

  test.for(["myroot.json", "a/root.json", "constructor", "__proto__", "größe.txt"])(
    "takes the target name %j",
    async (name) => {
      const master = openMaster("master");
      const root = await createRepository(master);
      await master.pushTarget(name, [await file("a", "A")]);
      await master.pushMetadata();
      expect(await targetOf(await refresh(root), name)).toBe("A");
    },
  );

  test("keeps keys 0600 and directories 0700 with any umask [T30]", async () => {
    const before = process.umask(0);
    try {
      const master = openMaster("master");
      await createRepository(master);
      await master.createRootKey();
      await master.pushTarget("staged", [await file("a", "A")]);
    } finally {
      process.umask(before);
    }
    const entries = await readdir(join(directory, "master"), { recursive: true, withFileTypes: true });
    const modes = entries.map(async (entry) => {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      return [entry.name, entry.isDirectory() ? "directory" : "file", (mode & 0o777).toString(8)] as const;
    });
    const found = await Promise.all(modes);
    expect(found.map(([name]) => name)).toEqual(
      expect.arrayContaining(["root_key", "root_key.1", "record.json", "staged"]),
    );
    // Public keys are public. The lock holds nothing, and lies in a directory that nobody else may enter.
    const open = found.filter(
      ([name, kind, mode]) => mode !== (kind === "directory" ? "700" : "600") && name !== "lock",
    );
    expect(open.filter(([name]) => !/\.pub(\.\d+)?$|_key\.\d+\.pub$/.test(name))).toEqual([]);
    expect((await stat(join(directory, "master"))).mode & 0o777).toBe(0o700);
  });

  test("signs the timestamp again without the targets key, and the snapshot if it is due", async () => {
    const master = openMaster("master");
    const root = await createRepository(master);
    await master.pushTarget("a", [await file("a", "A")]);
    await master.pushMetadata();
    await master.deleteTarget("a");
    await rm(join(directory, "master/keys/targets_key"));
    await rm(join(directory, "master/keys/root_key"));
    clock.advance({ days: 1 });
    expect(await master.refreshMetadata()).toMatchObject({ renewed: ["timestamp"], due: [] });
    clock.advance({ days: 4 });
    const second = await master.refreshMetadata();
    expect(second.renewed).toEqual(["snapshot", "timestamp"]);
    expect(second.versions).toEqual({ root: 1, targets: 1, snapshot: 2, timestamp: 3 });
    expect(await targetOf(await refresh(root), "a")).toBe("A");
    expect((await master.staged()).targets).toHaveLength(1);
    await expectRefused(master.pushMetadata(), "MASTER_KEYS_MISSING", { details: { role: "targets" } });
    expect(parseUnverified(await master.rootFile(), "root").version).toBe(1);
    expect(await readFile(join(directory, "master/record.json"), "utf8")).not.toContain("undefined");
  });
});
