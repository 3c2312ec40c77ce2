/** A target's chunk index goes where the target goes, and a repository without it is complete. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findTargetIndex, findTargetPatches } from "@dtuf/format";
import type { Descriptor } from "@dtuf/registry";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { parseTargetPath, parseUnverified, type TargetFile } from "@dtuf/tuf";
import { readTopLevel } from "@dtuf/testing/scene/published";
import { beforeAll, expect, test } from "vitest";
import { publishDemo } from "../cli/machine.ts";
import { useMachine } from "../cli/use-machine.ts";

const content = randomBytes(1_500_000);
const machine = useMachine({}, "all tests");

const at = (...names: readonly string[]): string => join(machine.directory, ...names);

beforeAll(async () => {
  await publishDemo(machine, "fred/demo", "small");
  await writeFile(at("app.bin"), content);
  await machine.must(["push-target", "fred/demo", "app.bin", "app.bin", "--chunk", "16k"]);
  await machine.must(["push-target", "fred/demo", "plain.bin", "app.bin", "--no-index"]);
  await writeFile(
    at("old.bin"),
    content.map((byte, place) => (place % 5000 === 0 ? byte + 1 : byte)),
  );
  await machine.must(["push-target", "fred/demo", "patched.bin", "app.bin", "--patch-from", "old.bin"]);
  await machine.must(["push-metadata", "fred/demo"]);
  await writeFile(at("root.json"), (await machine.must(["get-root", "fred/demo"])).bytes);
});

async function indexIn(store: LayoutStore, name = "app.bin"): Promise<Descriptor | undefined> {
  const target = await targetIn(store, name);
  return target && findTargetIndex(target);
}

async function targetIn(store: LayoutStore, name: string): Promise<TargetFile | undefined> {
  return parseUnverified(await readTopLevel(store, "targets"), "targets").targets.get(parseTargetPath(name));
}

const source = (): LayoutStore => createLayoutStore({ directory: at("dtuf_registry/fred/demo") });

test("only the target that was pushed with an index names one, and its registry has the blob", async () => {
  const index = await indexIn(source());
  expect(index?.size).toBeGreaterThan(60 + 36 * 40);
  expect(index && (await source().has(index))).toBe(true);
  expect(await indexIn(source(), "plain.bin")).toBeUndefined();
});

test("`sync --tuf` carries it, and clients pull from the mirror", async () => {
  await machine.must(["sync", "--tuf", "root.json", "oci:dtuf_registry/fred/demo", "oci:mirrored"]);
  const mirrored = createLayoutStore({ directory: at("mirrored") });
  const index = await indexIn(mirrored);
  expect(index && (await mirrored.has(index))).toBe(true);
  const target = await targetIn(mirrored, "patched.bin");
  const [patch] = target === undefined ? [] : findTargetPatches(target);
  expect(patch && (await mirrored.has(patch.blob))).toBe(true);
  const { bytes } = await machine.must(["pull", "oci:mirrored", "app.bin", "--root", "root.json", "--output", "-"]);
  expect(Buffer.from(bytes).equals(content)).toBe(true);
});

test("a plain tree has no index, and what is imported from it is complete without", async () => {
  await machine.must(["export-repository", "fred/demo", "site", "--root", "root.json"]);
  await machine.must(["import-repository", "oci:imported", "--metadata-url", "site/metadata", "--root", "root.json"]);
  const imported = createLayoutStore({ directory: at("imported") });
  const index = await indexIn(imported);
  expect(index && (await imported.has(index))).toBe(false);
  const { bytes } = await machine.must(["pull", "oci:imported", "app.bin", "--root", "root.json", "--output", "-"]);
  expect(Buffer.from(bytes).equals(content)).toBe(true);
});
