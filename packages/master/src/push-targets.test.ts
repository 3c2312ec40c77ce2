import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, useRegistryPublisher } from "@dtuf/testing/scene/publishers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master, type NewTarget } from "./index.ts";

const { directory, registry, open } = useRegistryPublisher(createMaster);
let master: Master;

beforeEach(async () => {
  master = await establish(open({ concurrency: 4, now: undefined }));
  registry.clearLog();
});

afterEach(() => master.close());

async function targetsOf(contents: Readonly<Record<string, string>>): Promise<readonly NewTarget[]> {
  const targets: NewTarget[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const path = join(directory, name.replaceAll("/", "-"));
    await writeFile(path, content);
    targets.push({ name, parts: [{ kind: "file", path }] });
  }
  return targets;
}

const stagedNames = async (): Promise<readonly string[]> =>
  (await master.staged()).targets.map(({ path, change }) => `${change} ${path}`);

describe("many targets in one call", () => {
  test("cost three requests each, and two for all: the upload of the empty config", async () => {
    const contents = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`dir/${n}.txt`, `content ${n}`]));
    await master.pushTargets(await targetsOf(contents));
    expect(registry.requests.length).toBeLessThanOrEqual(20 * 3 + 3);
    await master.pushMetadata();
    expect(await master.listTargets()).toHaveLength(20);
  });

  test("are all staged or none: after a failure the earlier staged changes stay", async () => {
    await master.pushTargets(await targetsOf({ "a.txt": "a", "b.txt": "b" }));
    const more = await targetsOf({ "a.txt": "new", "c.txt": "c" });
    await rm(join(directory, "c.txt"));
    await expectRefused(master.pushTargets(more, { deleteOthers: "" }), "FILE_IO");
    expect(await stagedNames()).toEqual(["add a.txt", "add b.txt"]);
    expect(await readdir(join(directory, "master/staged/1"))).toEqual(["together.json"]);
  });

  test("with `same: keep` leave out targets that are signed or staged with the same content and custom metadata", async () => {
    await master.pushTargets(await targetsOf({ "a.txt": "a", "b.txt": "b" }));
    await master.pushMetadata();
    await master.pushTargets(await targetsOf({ "c.txt": "c" }));
    const again = await targetsOf({ "a.txt": "a", "b.txt": "x", "c.txt": "c" });
    registry.clearLog();
    const { staged, unchanged } = await master.pushTargets(again, { same: "keep" });
    expect(staged).toMatchObject([{ path: "b.txt", change: "replace" }]);
    expect(unchanged).toEqual(["a.txt", "c.txt"]);
    const custom = again.map((target) => ({ ...target, custom: { os: "linux" } }));
    expect((await master.pushTargets(custom, { same: "keep" })).unchanged).toEqual([]);
    expect((await master.pushTargets(custom, { same: "keep" })).staged).toEqual([]);
  });

  test("with `deleteOthers` stage the removal of other targets with this prefix, and of nothing else", async () => {
    await master.pushTargets(await targetsOf({ "d/a": "a", "d/b": "b", dx: "x", "e/a": "e" }));
    await master.pushMetadata();
    await master.pushTargets(await targetsOf({ "d/only-staged": "s" }));
    const { staged } = await master.pushTargets(await targetsOf({ "d/a": "a2" }), { deleteOthers: "d/" });
    expect(staged.map(({ path, change }) => `${change} ${path}`)).toEqual([
      "replace d/a",
      "delete d/b",
      "delete d/only-staged",
    ]);
    expect(await stagedNames()).toEqual(["replace d/a", "delete d/b"]);
    await master.pushMetadata();
    expect(await master.listTargets()).toEqual(["d/a", "dx", "e/a"]);
  });

  test("with `effect: none` send nothing and stage nothing", async () => {
    const { staged } = await master.pushTargets(await targetsOf({ "a.txt": "a" }), { effect: "none" });
    expect(staged).toMatchObject([{ path: "a.txt", change: "add" }]);
    expect(registry.requests).toEqual([]);
    expect(await stagedNames()).toEqual([]);
  });

  test("are unstaged, replaced and deleted one by one like those staged alone", async () => {
    await master.pushTargets(await targetsOf({ "a.txt": "a", "b.txt": "b", "c.txt": "c" }));
    await master.unstage(["a.txt"]);
    const [b] = await targetsOf({ "b.txt": "longer" });
    await master.pushTarget("b.txt", b?.parts ?? []);
    await master.deleteTarget("c.txt");
    expect((await master.staged()).targets).toMatchObject([{ path: "b.txt", file: { length: 6 } }]);
  });

  test("of one name are refused before anything is sent", async () => {
    const [one] = await targetsOf({ "a.txt": "a" });
    if (one === undefined) throw new TypeError("no target");
    await expect(master.pushTargets([one, one])).rejects.toThrow(TypeError);
    expect(registry.requests).toEqual([]);
  });
});

describe("custom metadata", () => {
  test("is changed alone, without a request, and the key dtuf stays", async () => {
    const [a, b] = await targetsOf({ "a.txt": "a", "b.txt": "b" });
    await master.pushTarget("two", [...(a?.parts ?? []), ...(b?.parts ?? [])], { custom: { os: "linux" } });
    await master.pushMetadata();
    registry.clearLog();
    await master.setCustom(["two"], { channel: "beta" });
    expect(registry.requests).toEqual([]);
    const [{ file } = { file: undefined }] = (await master.staged()).targets;
    expect(file).toMatchObject({ length: 2, custom: { channel: "beta", dtuf: { blobs: [{ size: 1 }, { size: 1 }] } } });
    expect(file?.custom).not.toHaveProperty("os");
  });

  test("that canonical JSON cannot express is refused when it is staged, not when it is signed", async () => {
    const [a] = await targetsOf({ "a.txt": "a" });
    const refused = master.pushTarget("a.txt", a?.parts ?? [], { custom: { ratio: 0.5 } });
    await expectRefused(refused, "TUF_MALFORMED");
    expect(registry.requests).toEqual([]);
  });

  test("with the key dtuf is refused because the key is reserved", async () => {
    const [a] = await targetsOf({ "a.txt": "a" });
    const custom = { dtuf: { blobs: [] } };
    const code = "MASTER_CUSTOM_RESERVED";
    await expectRefused(master.pushTarget("a.txt", a?.parts ?? [], { custom }), code);
    await expectRefused(master.setCustom(["a.txt"], custom), code);
    expect(await stagedNames()).toEqual([]);
  });
});
