import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { binName, parseTargetPath, parseUnverified, type SuccinctDelegations } from "@dtuf/tuf";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { readTopLevel } from "@dtuf/testing/scene/published";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { createMaster } from "../index.ts";

const { directory, clock, store, open, clone } = usePublishers(createMaster);
let master: ReturnType<typeof createMaster>;

const names = Array.from({ length: 20 }, (_, at) => `file-${at}`);

beforeEach(async () => {
  master = await establish(open("master"));
  for (const name of names) await master.pushTarget(name, [content(name)]);
  await master.pushMetadata();
});

/** The files of the published snapshot with their versions. */
async function versions(): Promise<ReadonlyMap<string, number>> {
  const { snapshot } = await release();
  return new Map([...snapshot.meta].map(([name, { version }]) => [name, version]));
}

async function release(): Promise<{
  readonly snapshot: ReturnType<typeof parseUnverified<"snapshot">>;
  readonly delegations: SuccinctDelegations;
}> {
  const { delegations } = parseUnverified(await readTopLevel(store, "targets"), "targets");
  if (delegations?.kind !== "succinct") throw new TypeError("there are no bins");
  return { snapshot: parseUnverified(await readTopLevel(store, "snapshot"), "snapshot"), delegations };
}

describe("hash bins", () => {
  beforeEach(async () => {
    await master.createBins(8);
    await master.pushMetadata();
  });

  test("take all targets of targets", async () => {
    expect(await master.listTargets()).toEqual(names.toSorted());
    expect([...(await versions())].filter(([name]) => name.startsWith("bins-"))).toHaveLength(8);
    expect(await master.listTargetFiles({ bins: "skip" })).toEqual(new Map());
  });

  test("one more target changes its bin, and neither the other bins nor targets", async () => {
    const before = await versions();
    await master.pushTarget("new", [content("new")]);
    const { changed, versions: now } = await master.pushMetadata();
    expect(changed).toMatchObject([{ path: "new", change: "add" }]);
    expect(now.targets).toBe(before.get("targets.json"));
    const after = await versions();
    const bin = binName((await release()).delegations.succinct, parseTargetPath("new"));
    expect([...after].filter(([name, version]) => before.get(name) !== version)).toEqual([
      [`${bin}.json`, (before.get(`${bin}.json`) ?? 0) + 1],
    ]);
  });

  test("a target is replaced, deleted and made of another by its name alone", async () => {
    await master.pushTarget("file-1", [content("else")]);
    await master.deleteTarget("file-2");
    await master.pushTarget("both", [{ kind: "target", name: "file-3" }, content("more")]);
    await master.setCustom(["file-4"], { channel: "stable" });
    expect((await master.staged()).targets.map(({ path, change }) => [path, change])).toEqual([
      ["both", "add"],
      ["file-1", "replace"],
      ["file-2", "delete"],
      ["file-4", "replace"],
    ]);
    await master.pushMetadata();
    const files = await master.listTargetFiles();
    expect([...files.keys()]).toEqual([...names, "both"].filter((name) => name !== "file-2").toSorted());
    expect(files.get(parseTargetPath("file-4"))?.custom).toEqual({ channel: "stable" });
    await expectRefused(master.deleteTarget("file-2"), "MASTER_TARGET_UNKNOWN");
  });

  test("resized, they have all targets, and the snapshot keeps the names of the old ones", async () => {
    const before = await versions();
    await master.resizeBins(32);
    await master.pushTarget("new", [content("new")]);
    await master.pushMetadata();
    expect(await master.listTargets()).toEqual([...names, "new"].toSorted());
    const after = await versions();
    for (const [name, version] of before) expect(after.get(name)).toBeGreaterThanOrEqual(version);
    await master.resizeBins(2);
    await master.pushMetadata();
    expect(await master.listTargets()).toEqual([...names, "new"].toSorted());
  });

  test("two publishers that change the same bin lose nothing", async () => {
    const other = await clone("other");
    const sameBin = binName((await release()).delegations.succinct, parseTargetPath("a"));
    const twin = Array.from({ length: 100 }, (_, at) => `twin-${at}`).find(
      (name) =>
        binName(
          { bitLength: 3, namePrefix: "bins", keyIds: [], threshold: 1, unrecognized: {} },
          parseTargetPath(name),
        ) === sameBin,
    );
    await master.pushTarget("a", [content("a")]);
    await other.pushTarget(twin ?? "", [content("b")]);
    await master.pushMetadata();
    await other.pushMetadata();
    expect(await other.listTargets()).toEqual([...names, "a", twin ?? ""].toSorted());
  });

  test("no bin expires before targets: when targets is due, all are signed again", async () => {
    const before = await versions();
    clock.advance({ days: 60 });
    await master.pushTarget("new", [content("new")]);
    await master.refreshMetadata();
    await master.pushMetadata();
    const after = await versions();
    expect([...after].filter(([name, version]) => version <= (before.get(name) ?? 0))).toEqual([]);
  });

  test("after the keys of targets are replaced, the new ones sign all bins", async () => {
    await master.createMetadataKeys();
    await master.resetKeys();
    await master.pushTarget("new", [content("new")]);
    await master.pushMetadata();
    const before = (await versions()).get("targets.json");
    await master.pushTarget("newer", [content("newer")]);
    expect((await master.pushMetadata()).versions.targets).toBe(before);
    expect(await master.listTargets()).toEqual([...names, "new", "newer"].toSorted());
  });

  test("an earlier release is published again", async () => {
    const { timestamp } = (await master.status({ registry: "skip" })).versions as { timestamp: number };
    await master.pushTarget("new", [content("new")]);
    await master.deleteTarget("file-2");
    await master.pushMetadata();
    expect(await master.stageRelease(timestamp)).toMatchObject([
      { path: "file-2", change: "add" },
      { path: "new", change: "delete" },
    ]);
    await master.pushMetadata();
    expect(await master.listTargets()).toEqual(names.toSorted());
    await expectRefused(master.stageRelease(1), "MASTER_BINS_UNSUPPORTED");
  });

  test("prune keeps what they need, and deletes their old versions", async () => {
    await master.deleteTarget("file-0");
    for (const name of ["x", "y", "z"]) {
      await master.pushTarget(name, [content(name)]);
      await master.pushMetadata();
      clock.advance({ days: 9 });
    }
    await master.refreshMetadata();
    clock.advance({ days: 9 });
    expect((await master.prune()).manifests).toBeGreaterThan(0);
    const files = await master.listTargetFiles();
    expect([...files.keys()]).toEqual([...names.slice(1), "x", "y", "z"].toSorted());
    for (const [path] of files) await master.pushTarget(`again/${path}`, [{ kind: "target", name: path }]);
    await master.pushMetadata();
  });

  test("a refresh by another publisher renews no snapshot that it did not push, although targets is the same", async () => {
    const other = await clone("other");
    await master.pushTarget("new", [content("new")]);
    await master.pushMetadata();
    clock.advance({ days: 6 });
    await master.refreshMetadata();
    expect((await other.refreshMetadata()).renewed).toEqual(["timestamp"]);
  });

  test("what cannot be done with them is refused, and nothing is staged", async () => {
    await expectRefused(master.createBins(16), "MASTER_BINS_EXIST");
    await expect(master.resizeBins(10)).rejects.toThrow("a power of two");
    await master.pushTarget("new", [content("new")]);
    expect(await master.compareStaged()).toMatchObject({ targets: [{ path: "new", change: "add" }] });
    expect(await master.previewPush()).toMatchObject({ renewed: ["snapshot", "timestamp"] });
    expect((await master.staged()).bins).toBeUndefined();
  });

  test("a bin with altered bytes in the registry is not signed again [T185]", async () => {
    const { snapshot, delegations } = await release();
    const bin = binName(delegations.succinct, parseTargetPath("new"));
    const sha256 = snapshot.meta.get(`${bin}.json`)?.hashes?.get("sha256") ?? "";
    const path = join(directory, "registry", "blobs", "sha256", sha256);
    await chmod(path, 0o644);
    await writeFile(path, "{}");
    const before = await versions();
    await expect(master.pushTarget("new", [content("new")])).rejects.toMatchObject({
      code: expect.stringMatching(/^OCI_|^MASTER_METADATA/),
    });
    expect(await versions()).toEqual(before);
  });

  test("a publication parses the published snapshot once, and what it makes of it when it is signed and when it is verified", async () => {
    const parsed: string[] = [];
    const parse = JSON.parse;
    using spy = vi.spyOn(JSON, "parse");
    spy.mockImplementation((text: string) => {
      if (text.includes('"_type":"snapshot"')) parsed.push(text);
      return parse(text) as unknown;
    });
    await master.status({ registry: "check", proposals: "skip" });
    await master.pushTargets([{ name: "new", parts: [content("new")] }], { same: "keep" });
    await master.pushMetadata();
    expect(parsed).toHaveLength(3);
    expect(new Set(parsed).size).toBe(3);
    expect(await master.listTargets()).toContain("new");
  });
});
