import { randomBytes } from "node:crypto";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseChunkIndex, type ChunkIndex } from "@dtuf/delta";
import { findTargetIndex, targetTag } from "@dtuf/format";
import { digestOf, parseManifest, type Digest } from "@dtuf/registry";
import { parseTargetPath, type TargetFile } from "@dtuf/tuf";
import { establish, useRegistryPublisher } from "@dtuf/testing/scene/publishers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMaster, type Master, type TargetPart } from "../index.ts";

const content = randomBytes(6 * 1024 * 1024);

const { directory, registry, open } = useRegistryPublisher(createMaster);
const path = join(directory, "large");
let master: Master;

beforeEach(async () => {
  await writeFile(path, content);
  master = await establish(open());
  registry.clearLog();
});

afterEach(() => master.close());

const part = (): TargetPart => ({ kind: "file", path });
const blobs = (): Map<string, Uint8Array> => registry.repository("fred/demo").blobs;

/** The index of a target as a client finds it: by the signed name, in the registry. */
function indexOf(file: TargetFile, whole: Uint8Array = content): ChunkIndex {
  const index = findTargetIndex(file);
  const bytes = blobs().get(index?.digest ?? "") ?? new Uint8Array();
  expect(digestOf(bytes)).toBe(index?.digest);
  return parseChunkIndex(bytes, { length: whole.length, sha256: digestOf(whole).slice("sha256:".length) });
}

const patched = (): number =>
  registry.requests.filter(({ method }) => method === "PATCH").reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);

test("a target gets a signed index at the one reading of its file, listed untitled by its manifest", async () => {
  const file = await master.pushTarget("app", [part()]);
  const index = indexOf(file);
  expect(index.average).toBe(64 * 1024);
  expect(patched()).toBe(content.length);
  const tag = targetTag(file.hashes.get("sha256") ?? "", parseTargetPath("app"));
  const repository = registry.repository("fred/demo");
  const manifest = parseManifest(repository.manifests.get(repository.tags.get(tag) ?? "")?.bytes ?? new Uint8Array());
  const layers = manifest.kind === "manifest" ? manifest.layers : [];
  expect(layers.map(({ digest, annotations }) => [digest, annotations?.get("org.opencontainers.image.title")])).toEqual(
    [
      [digestOf(content), "app"],
      [findTargetIndex(file)?.digest, undefined],
    ],
  );
});

test("a target of several parts has one index over all of them", async () => {
  const small = join(directory, "small");
  await writeFile(small, "small");
  const file = await master.pushTarget("app", [{ kind: "file", path: small }, part()]);
  expect(indexOf(file, Buffer.concat([Buffer.from("small"), content])).length).toBe(content.length + 5);
});

test("the size of its chunks can be chosen, and an index can be refused", async () => {
  expect(indexOf(await master.pushTarget("app", [part()], { chunkBytes: 16 * 1024 })).average).toBe(16 * 1024);
  expect(findTargetIndex(await master.pushTarget("plain", [part()], { index: "none" }))).toBeUndefined();
  await expect(master.pushTarget("app", [part()], { chunkBytes: 5000 })).rejects.toThrow(TypeError);
});

test("a target below 1 MiB gets none", async () => {
  await writeFile(path, content.subarray(0, 1024 * 1024 - 1));
  expect((await master.pushTarget("app", [part()])).custom).toBeUndefined();
});

test("a file that was pushed before is neither read nor cut again, and an index that is lost is made again", async () => {
  const before = findTargetIndex(await master.pushTarget("app", [part()]));
  const sent = patched();
  expect(findTargetIndex(await master.pushTarget("again", [part()]))).toEqual(before);
  blobs().delete(before?.digest ?? "");
  expect(findTargetIndex(await master.pushTarget("third", [part()]))).toEqual(before);
  expect(blobs().has(before?.digest ?? "")).toBe(true);
  expect(patched()).toBe(sent);
});

test("another name for a target keeps the index, and other custom metadata too", async () => {
  const before = findTargetIndex(await master.pushTarget("app", [part()]));
  const same = await master.pushTarget("same", [{ kind: "target", name: "app" }], { custom: { os: "linux" } });
  expect([findTargetIndex(same), same.custom?.["os"]]).toEqual([before, "linux"]);
});

test("pruning keeps the index of a target that is published, and deletes that of one that is gone", async () => {
  const digestOfIndex = async (): Promise<Digest | undefined> =>
    findTargetIndex(await master.pushTarget("app", [part()]))?.digest;
  const first = await digestOfIndex();
  await master.pushMetadata();
  await writeFile(path, randomBytes(2 * 1024 * 1024));
  await utimes(path, 1, 1);
  const second = await digestOfIndex();
  await master.pushMetadata();
  const later = open({ now: () => new Date(Date.now() + 3 * 24 * 3600 * 1000) });
  for (let time = 0; time < 3; time += 1) await later.refreshMetadata({ withinMs: 365 * 24 * 3600 * 1000 });
  await later.prune();
  await later.close();
  expect([first, second].map((digest) => blobs().has(digest ?? ""))).toEqual([false, true]);
});
