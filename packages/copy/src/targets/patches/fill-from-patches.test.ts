/** An older file for which a patch is signed: the patch alone is fetched, and no byte is written that was not signed. */
import { createHash, randomBytes } from "node:crypto";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createIndexMaker,
  encodeSegment,
  encodePatchTable,
  parseChunkIndex,
  planSegments,
  type ChunkIndex,
  type WrittenTable,
} from "@dtuf/delta";
import { indexMediaType, patchMediaType, withTargetIndex, withTargetPatches } from "@dtuf/format";
import { digestOf, type Descriptor } from "@dtuf/registry";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import type { HostileRegistry } from "@dtuf/testing";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createCopy, type Copy } from "../../copy.ts";
import { createStoreSource } from "../../sources/store-source.ts";
import type { TargetInfo } from "../../sources/source.ts";
import type { SavedTarget } from "../ways.ts";

const old = randomBytes(9_000_000);
/** A change in every chunk. */
const content = Buffer.from(old);
for (let at = 0; at < content.length; at += 5000) content[at] = (content[at] ?? 0) + 1;

const hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function makeIndex(bytes: Uint8Array, average = 16_384): Uint8Array {
  const maker = createIndexMaker({ average });
  maker.update(bytes);
  return maker.finish() ?? new Uint8Array();
}
const indexOf = (bytes: Uint8Array): ChunkIndex =>
  parseChunkIndex(makeIndex(bytes), { length: bytes.length, sha256: hex(bytes) });

type WrittenSegment = WrittenTable["segments"][number];

interface Made {
  readonly table: Uint8Array;
  readonly segments: WrittenTable["segments"];
  readonly frames: Uint8Array;
}
let made: Made;

beforeAll(async () => {
  const segments: WrittenSegment[] = [];
  const frames: Uint8Array[] = [];
  const planned = planSegments(indexOf(content), indexOf(old)) ?? [];
  for (const segment of planned) {
    const window = old.subarray(segment.windowOffset, segment.windowOffset + segment.windowLength);
    const bytes = content.subarray(segment.offset, segment.offset + segment.length);
    const { coded, ...how } = await encodeSegment({ window, content: bytes });
    segments.push({ ...segment, ...how, codedLength: coded.length });
    frames.push(coded);
  }
  made = { table: tableOf(segments), segments, frames: Buffer.concat(frames) };
}, 60_000);

const tableOf = (segments: WrittenTable["segments"]): Uint8Array =>
  encodePatchTable({ oldLength: old.length, newLength: content.length, segments });

const home = useDirectory();
let destination: string;
const registry = useHostileRegistry();
let client: RegistryClient;
let copy: Copy;
let target: TargetInfo;
let reports: SavedTarget[];
let patch: Descriptor;

beforeEach(async () => {
  destination = join(home, "out.bin");
  client = createRegistryClient({ registry: registry.host, scheme: "http" });
  reports = [];
  await publish(made.table);
});
afterEach(() => client.close());

async function publish(table: Uint8Array, average?: number): Promise<void> {
  const store = client.repository("fred/demo");
  const index = makeIndex(content, average);
  const indexed: Descriptor = { mediaType: indexMediaType, digest: digestOf(index), size: index.length };
  const bytes = Buffer.concat([table, made.frames]);
  patch = { mediaType: patchMediaType, digest: digestOf(bytes), size: bytes.length };
  const named = { from: hex(old), blob: patch, table: { digest: digestOf(table), size: table.length } };
  const sim = await createTufSimulator();
  sim.addTarget("t", content, { custom: withTargetPatches(withTargetIndex(undefined, indexed), [named]) });
  await sim.publishRelease();
  await store.put(indexed, index);
  await store.put(patch, bytes);
  await publishToStore(sim, store);
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  const directory = join(home, `copy-${patch.digest.slice(-8)}-${average}`);
  copy = createCopy({ source: createStoreSource(store), place: "x", directory, now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  const found = await copy.findTarget("t");
  if (found === undefined) throw new TypeError("not found");
  target = found;
  registry.clearLog();
}

const rangesOf = (digest: string): readonly (string | undefined)[] =>
  registry.requests
    .filter(({ method, path }) => method === "GET" && path.endsWith(`/blobs/${digest}`))
    .map(({ headers }) => headers.range);

async function save(options: Parameters<Copy["saveTarget"]>[2] = {}): Promise<boolean> {
  await copy.saveTarget(target, destination, { onSaved: (saved) => reports.push(saved), ...options });
  return (await readFile(destination)).equals(content);
}

test("a patch that costs less than the chunk index is fetched without it, as the plan says", async () => {
  await publish(made.table, 4096);
  await writeFile(destination, old);
  const plan = await copy.planTarget(target, destination, {});
  expect(registry.requests).toEqual([]);
  expect(await save()).toBe(true);
  expect(registry.requests.map(({ path }) => path)).toEqual([`/v2/fred/demo/blobs/${patch.digest}`]);
  expect(plan).toMatchObject({ ways: ["patch"], requests: 1, fetchedBytes: patch.size });
  expect(reports[0]).toMatchObject({ ways: ["patch"], requests: 1, fetchedBytes: patch.size });
});

test("the patch alone is fetched, by one closed range", async () => {
  await writeFile(destination, old);
  const plan = await copy.planTarget(target, destination, {});
  registry.clearLog();
  expect(await save()).toBe(true);
  expect(rangesOf(patch.digest)).toEqual([`bytes=0-${patch.size - 1}`]);
  expect(rangesOf(digestOf(content))).toEqual([]);
  expect([plan.ways, reports[0]?.ways]).toEqual([["patch"], ["patch"]]);
  expect(plan.fetchedBytes).toBe(reports[0]?.fetchedBytes);
  expect(reports[0]?.fetchedBytes).toBeLessThan(100_000);
});

test("a file that is not the one of the patch is not patched", async () => {
  await writeFile(destination, content.subarray(0, 5_000_000));
  expect(await save()).toBe(true);
  expect(rangesOf(patch.digest)).toEqual([]);
});

const isPatch = ({ path }: { readonly path: string }): boolean => path.endsWith(patch.digest);
const bend = (bytes: Uint8Array): Uint8Array => {
  const bent = Buffer.from(bytes);
  bent[bent.length - 100] = (bent[bent.length - 100] ?? 0) ^ 1;
  return bent;
};

test.each<readonly [string, Parameters<HostileRegistry["script"]>[0]["fault"]]>([
  ["416 to the range", { kind: "answer", status: 416 }],
  ["403 to the range, as an expired address does", { kind: "answer", status: 403 }],
  ["404, because the patch is gone", { kind: "answer", status: 404 }],
  ["200 and the whole patch", { kind: "ignore-range" }],
  ["one wrong bit near the end", { kind: "change", body: bend }],
  ["other bytes of the same length", { kind: "change", body: (bytes) => Buffer.alloc(bytes.length, 7) }],
])("a registry that answers %s: the file is right in the end", async (_, fault) => {
  await writeFile(destination, old);
  registry.script({ match: { method: "GET", where: isPatch }, times: Infinity, fault });
  expect(await save()).toBe(true);
});

test.each<readonly [string, () => Promise<void>]>([
  ["is cut", () => truncate(destination, 100_000)],
  ["gets other bytes", () => writeFile(destination, randomBytes(old.length), { flag: "r+" })],
])("an older file that %s while it is read gives no byte that was not signed", async (_, run) => {
  await writeFile(destination, old);
  registry.script({ match: { method: "GET", where: isPatch }, fault: { kind: "run", run } });
  expect(await save()).toBe(true);
});

test("a patch that was interrupted goes on behind the last segment that was written", async () => {
  await writeFile(destination, old);
  const controller = new AbortController();
  const stop = new Error("stop");
  const onProgress = ({ bytes }: { readonly bytes: number }): void => {
    if (bytes < 5_000_000) controller.abort(stop);
  };
  await expect(save({ signal: controller.signal, onProgress })).rejects.toBe(stop);
  registry.clearLog();
  expect(await save()).toBe(true);
  const second = made.table.length + (made.segments[0]?.codedLength ?? 0);
  const [table, rest, ...more] = rangesOf(patch.digest);
  expect([table, more]).toEqual([`bytes=0-${made.table.length - 1}`, []]);
  expect(Number(/=(\d+)-/.exec(rest ?? "")?.[1])).toBeGreaterThanOrEqual(second);
  expect(rangesOf(digestOf(content))).toEqual([]);
});

test.each<readonly [string, (segment: WrittenSegment) => Partial<WrittenSegment>]>([
  ["windows outside the old file", ({ windowOffset }) => ({ windowOffset: windowOffset + 9_000_000 })],
  ["segments that do not add up", ({ length }) => ({ length: length + 1 })],
  ["other hashes", () => ({ sha256: randomBytes(32) })],
])("a signed table with %s is left, and the file is right in the end", async (_, change) => {
  await publish(tableOf(made.segments.map((segment) => ({ ...segment, ...change(segment) }))));
  await writeFile(destination, old);
  expect(await save()).toBe(true);
  expect(rangesOf(patch.digest)).toHaveLength(1);
});
