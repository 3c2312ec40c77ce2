/** Patches that are pushed with a target: what is signed, what the registry has, and when there is none. */
import { randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeSegment, parsePatchTable } from "@dtuf/delta";
import { findTargetPatches, targetTag } from "@dtuf/format";
import { digestOf, parseManifest } from "@dtuf/registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { parseTargetPath, type TargetFile } from "@dtuf/tuf";
import { establish, useRegistryPublisher } from "@dtuf/testing/scene/publishers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMaster, type Master, type TargetPart } from "../index.ts";

const old = randomBytes(2_000_000);
/** A change in every chunk, so that chunks save nothing. */
const content = Buffer.from(old);
for (let at = 0; at < content.length; at += 5000) content[at] = (content[at] ?? 0) + 1;

const { directory, registry, open } = useRegistryPublisher(createMaster);
const path = join(directory, "file");
let master: Master;

beforeEach(async () => {
  master = await establish(open());
});

afterEach(() => master.close());

const blobs = (): Map<string, Uint8Array> => registry.repository("fred/demo").blobs;
const hex = (bytes: Uint8Array): string => digestOf(bytes).slice("sha256:".length);

async function push(bytes: Uint8Array, options: Parameters<Master["pushTarget"]>[2] = {}): Promise<TargetFile> {
  await writeFile(path, bytes);
  const part: TargetPart = { kind: "file", path };
  return master.pushTarget("app", [part], options);
}

/** The patch of the target as a client finds it, and what it makes of the old content. */
async function patched(file: TargetFile): Promise<{ readonly size: number; readonly made: Buffer }> {
  const [patch] = findTargetPatches(file);
  const bytes = blobs().get(patch?.blob.digest ?? "") ?? new Uint8Array();
  expect(digestOf(bytes)).toBe(patch?.blob.digest);
  const first = bytes.subarray(0, patch?.table.size);
  expect(digestOf(first)).toBe(patch?.table.digest);
  const to = { length: file.length, sha256: file.hashes.get("sha256") ?? "" };
  const { segments } = parsePatchTable(first, { length: to.length, size: bytes.length });
  const made: Uint8Array[] = [];
  for (const segment of segments) {
    const { codedOffset, codedLength, windowOffset, windowLength } = segment;
    const window = old.subarray(windowOffset, windowOffset + windowLength);
    made.push(await decodeSegment(segment, bytes.subarray(codedOffset, codedOffset + codedLength), window));
  }
  return { size: bytes.length, made: Buffer.concat(made) };
}

test("a target is pushed with a signed patch from the published version, an untitled layer of its manifest", async () => {
  await push(old);
  await master.pushMetadata();
  const file = await push(content, { patchFrom: "published" });
  const { size, made } = await patched(file);
  expect([size < 20_000, made.equals(content)]).toEqual([true, true]);
  const repository = registry.repository("fred/demo");
  const tag = targetTag(hex(content), parseTargetPath("app"));
  const manifest = parseManifest(repository.manifests.get(repository.tags.get(tag) ?? "")?.bytes ?? new Uint8Array());
  const layers = manifest.kind === "manifest" ? manifest.layers : [];
  expect(layers.map(({ annotations }) => annotations?.get("org.opencontainers.image.title"))).toEqual([
    "app",
    undefined,
    undefined,
  ]);
  expect((await readdir(join(directory, "master"))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a patch can be made from a file", async () => {
  await writeFile(join(directory, "old"), old);
  expect(
    (await patched(await push(content, { patchFrom: { path: join(directory, "old") } }))).made.equals(content),
  ).toBe(true);
  await expectRefused(push(content, { patchFrom: { path: join(directory, "none") } }), "MASTER_PART_INVALID");
});

test.each<readonly [string, Uint8Array, Uint8Array]>([
  ["it would save too little", randomBytes(2_000_000), content],
  ["the version is the same", content, content],
  ["there is no index", old.subarray(0, 1_000_000), content.subarray(0, 1_000_000)],
])("no patch is signed if %s", async (_, before, after) => {
  await push(before);
  await master.pushMetadata();
  expect(findTargetPatches(await push(after, { patchFrom: "published", chunkBytes: 4096 }))).toEqual([]);
});

test("no patch is signed if nothing is published, or if the older version is not in the registry any more", async () => {
  expect(findTargetPatches(await push(old, { patchFrom: "published" }))).toEqual([]);
  await master.pushMetadata();
  blobs().delete(digestOf(old));
  expect(findTargetPatches(await push(content, { patchFrom: "published" }))).toEqual([]);
});

test.each([
  ["keeps the patch of a published target", true],
  ["deletes the patch with its target", false],
])("pruning %s", async (_, kept) => {
  await push(old);
  await master.pushMetadata();
  const [patch] = findTargetPatches(await push(content, { patchFrom: "published" }));
  await master.pushMetadata();
  if (!kept) await push(randomBytes(100));
  if (!kept) await master.pushMetadata();
  const later = open({ now: () => new Date(Date.now() + 3 * 24 * 3600 * 1000) });
  for (let time = 0; time < 3; time += 1) await later.refreshMetadata({ withinMs: 365 * 24 * 3600 * 1000 });
  await later.prune();
  await later.close();
  expect(blobs().has(patch?.blob.digest ?? "")).toBe(kept);
});
