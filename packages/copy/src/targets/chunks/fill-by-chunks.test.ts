/** An older file at the destination: what a target has in common with it is not fetched. */
import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createIndexMaker } from "@dtuf/delta";
import { indexMediaType, withTargetBlobs, withTargetIndex } from "@dtuf/format";
import { digestOf, type Descriptor } from "@dtuf/registry";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCopy, type Copy } from "../../copy.ts";
import { createStoreSource } from "../../sources/store-source.ts";
import type { CopyEvent } from "../../events.ts";
import type { SavedTarget } from "../ways.ts";
import type { TargetInfo } from "../../sources/source.ts";

const old = randomBytes(3_000_000);
/** Two changes, one of which moves all that follows. */
const content = Buffer.concat([
  old.subarray(0, 500_000),
  randomBytes(1000),
  old.subarray(500_000, 2_000_000),
  randomBytes(100),
  old.subarray(2_000_100),
]);

const home = useDirectory();
let destination: string;
let sim: TufSimulator;
const registry = useHostileRegistry();
let client: RegistryClient;
let copy: Copy;
let target: TargetInfo;
let reports: SavedTarget[];
let events: CopyEvent[];

beforeEach(async () => {
  destination = join(home, "out.bin");
  sim = await createTufSimulator();
  const maker = createIndexMaker({ average: 16_384 });
  maker.update(content);
  const index = maker.finish() ?? new Uint8Array();
  const descriptor: Descriptor = { mediaType: indexMediaType, digest: digestOf(index), size: index.length };
  sim.addTarget("t", content, { custom: withTargetIndex(undefined, descriptor) });
  await sim.publishRelease();
  client = createRegistryClient({ registry: registry.host, scheme: "http" });
  const store = client.repository("fred/demo");
  await store.put(descriptor, index);
  await publishToStore(sim, store);
  events = [];
  const onEvent = (event: CopyEvent): void => void events.push(event);
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  copy = createCopy({ source: createStoreSource(store), place: "x", directory: join(home, "copy"), now, onEvent });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  target = (await copy.findTarget("t")) ?? expect.fail("not found");
  registry.clearLog();
  reports = [];
});
afterEach(() => client.close());

/** The requests for bytes of the target, each as its Range. */
const ranges = (): readonly (string | undefined)[] =>
  registry.requests
    .filter(({ method, path }) => method === "GET" && path.endsWith(`/blobs/${digestOf(content)}`))
    .map(({ headers }) => headers.range);

const bytesOf = (range: string | undefined): number => {
  const [, from = "0", to = String(content.length - 1)] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  return Number(to === "" ? content.length - 1 : to) - Number(from) + 1;
};

function cancellable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error("stop")) };
}

async function save(seeds: readonly string[] = []): Promise<Buffer> {
  await copy.saveTarget(target, destination, { seeds, onSaved: (saved) => reports.push(saved) });
  expect((await readdir(home)).toSorted()).toEqual(["copy", "out.bin"]);
  return readFile(destination);
}

test("only the chunks that changed are fetched, by closed ranges", async () => {
  await writeFile(destination, old);
  expect((await save()).equals(content)).toBe(true);
  expect(ranges().every((range) => /^bytes=\d+-\d+$/.test(range ?? ""))).toBe(true);
  expect(ranges().reduce((sum, range) => sum + bytesOf(range), 0)).toBeLessThan(content.length / 5);
  expect(registry.violations).toEqual([]);
});

test("a target whose chunks are all in the older file needs no byte of it", async () => {
  await writeFile(destination, Buffer.concat([content, Buffer.from("more")]));
  expect((await save()).equals(content)).toBe(true);
  expect(ranges().reduce((sum, range) => sum + bytesOf(range), 0)).toBeLessThan(2 * 65_536);
});

test.each([
  ["there is no older file", undefined],
  ["it has nothing in common", randomBytes(1_000_000)],
])("%s: all of it is fetched by one request", async (_, seed) => {
  if (seed !== undefined) await writeFile(destination, seed);
  expect((await save()).equals(content)).toBe(true);
  expect(ranges()).toEqual([undefined]);
});

const failedWays = (): readonly string[] => events.flatMap((event) => (event.kind === "way-failed" ? [event.way] : []));

test("a seed that changes while it is read is named as what failed, and the file is right in the end", async () => {
  await writeFile(destination, old);
  const run = (): Promise<void> => writeFile(destination, randomBytes(old.length), { flag: "r+" });
  registry.script({ match: { method: "GET", where: isRange }, fault: { kind: "run", run } });
  expect((await save()).equals(content)).toBe(true);
  expect(failedWays()).toEqual(["seed"]);
});

const isRange = ({ headers }: { readonly headers: { readonly range?: string | undefined } }): boolean =>
  headers.range !== undefined;

test.each<readonly [string, number]>([
  ["416 to a range", 416],
  ["403 to a range, as an expired address does", 403],
  ["404 to a range", 404],
])("a registry that answers %s: the rest is fetched in the ordinary way", async (_, status) => {
  await writeFile(destination, old);
  registry.script({ match: { method: "GET", where: isRange, nth: 2 }, fault: { kind: "answer", status } });
  expect((await save()).equals(content)).toBe(true);
  expect(failedWays()).toEqual(["ranges"]);
});

test("a registry whose ranges are wrong and whose whole is right: the whole is fetched, and that is said [T282]", async () => {
  await writeFile(destination, old);
  const body = ({ length }: Uint8Array): Buffer => Buffer.alloc(length, "x");
  registry.script({ match: { method: "GET", where: isRange }, fault: { kind: "change", body } });
  expect((await save()).equals(content)).toBe(true);
  expect(new Set(failedWays())).toEqual(new Set(["ranges"]));
});

test("a registry that answers 200 is asked for one range, and the whole that it sends is used", async () => {
  await writeFile(destination, old);
  registry.script({ match: { method: "GET", where: isRange }, times: Infinity, fault: { kind: "ignore-range" } });
  expect((await save()).equals(content)).toBe(true);
  expect(ranges()).toHaveLength(1);
  expect(reports.map(({ ways }) => ways)).toEqual([["whole"]]);
  expect(reports[0]?.fetchedBytes).toBeLessThan(content.length * 1.01);
});

test.each<readonly [string, (bytes: Buffer) => Buffer]>([
  ["fewer bytes than it announces", (bytes) => bytes.subarray(0, -1)],
  ["more bytes than it announces", (bytes) => Buffer.concat([bytes, Buffer.from("x")])],
  ["another blob from its middle on", (bytes) => Buffer.from(bytes).fill(7, bytes.length / 2)],
])("a range of %s is not used, and the file is right in the end", async (_, bend) => {
  await writeFile(destination, old);
  const body = (bytes: Uint8Array): Uint8Array => bend(Buffer.from(bytes));
  registry.script({ match: { method: "GET", where: isRange }, times: 1, fault: { kind: "change", body } });
  expect((await save()).equals(content)).toBe(true);
});

test.each([
  "bytes 0-9/*",
  `bytes 0-${String(content.length - 1)}/${String(content.length)}`,
  "bytes 5-1/2",
  "nonsense",
])("a range that is announced as %s is not used, and the file is right in the end", async (contentRange) => {
  await writeFile(destination, old);
  const headers = { "content-range": contentRange };
  registry.script({ match: { method: "GET", where: isRange }, fault: { kind: "change", headers } });
  expect((await save()).equals(content)).toBe(true);
});

test("the plan says what is then fetched: bytes, requests and ways", async () => {
  await writeFile(destination, old);
  const options = { same: "keep" } as const;
  const plan = await copy.planTarget(target, destination, options);
  expect(ranges()).toEqual([]);
  expect(plan).toMatchObject({ ways: ["seed", "ranges"], presentBytes: 0 });
  await copy.saveTarget(target, destination, { ...options, onSaved: (saved) => reports.push(saved) });
  expect(reports).toMatchObject([
    { outcome: "written", fetchedBytes: plan.fetchedBytes, requests: plan.requests, ways: plan.ways },
  ]);
  expect(ranges()).toEqual(plan.ranges.map(({ from, to }) => `bytes=${String(from)}-${String(to - 1)}`));
  const again = await copy.planTarget(target, destination, options);
  expect(again).toMatchObject({ ways: ["present"], fetchedBytes: 0, requests: 0, presentBytes: content.length });
});

test("without a seed the plan is one request for the whole, and is kept to", async () => {
  const plan = await copy.planTarget(target, destination);
  expect(plan).toMatchObject({ ways: ["whole"], fetchedBytes: content.length, requests: 1, ranges: [] });
  await save();
  expect(reports).toMatchObject([{ ways: ["whole"], fetchedBytes: content.length, requests: 1 }]);
});

test("files that are named as seeds give what they have, each of them", async () => {
  const [one, two, missing] = ["one", "two", "missing"].map((name) => join(home, "copy", name));
  await writeFile(one ?? "", content.subarray(0, 1_500_000));
  await writeFile(two ?? "", content.subarray(1_400_000));
  await save([one ?? "", two ?? "", missing ?? ""]);
  expect(reports[0]?.ways).toContain("seed");
  expect(reports[0]?.fetchedBytes).toBeLessThan(content.length / 5);
});

test("a target of several blobs takes from seeds too, and no range crosses a border", async () => {
  const border = 2_001_050;
  const pieces = [content.subarray(0, border), content.subarray(border)];
  const blobs = pieces.map((piece) => ({
    mediaType: "application/octet-stream",
    digest: digestOf(piece),
    size: piece.length,
  }));
  for (const [at, piece] of pieces.entries())
    registry.repository("fred/demo").blobs.set(blobs[at]?.digest ?? digestOf(piece), Buffer.from(piece));
  await writeFile(destination, old);
  const { file } = target;
  const custom = withTargetBlobs(file.custom, blobs);
  const parted = { ...target, blobs, file: { ...file, custom } };
  await copy.saveTarget(parted, destination, { onSaved: (saved) => reports.push(saved) });
  expect(content.equals(await readFile(destination))).toBe(true);
  expect(reports).toMatchObject([{ ways: ["seed", "ranges"] }]);
  expect(reports[0]?.fetchedBytes).toBeLessThan(content.length / 5);
  const asked = blobs.map(({ digest }) => registry.requests.filter(({ path }) => path.endsWith(digest)).length);
  expect(asked).toEqual([2, 1]);
});

test("a seed that has become a directory or a device is left out", async () => {
  expect((await save([home, "/dev/zero"])).equals(content)).toBe(true);
  expect(reports).toMatchObject([{ ways: ["whole"] }]);
});

test("what was written before an interruption and what a seed has are not fetched", async () => {
  await writeFile(destination, old);
  const cut = { kind: "cut", afterBytes: 1000 } as const;
  registry.script({ match: { method: "GET", where: isRange, nth: 2 }, times: Infinity, fault: cut });
  const { signal, abort } = cancellable();
  const onProgress = ({ bytes }: { readonly bytes: number }): void => {
    if (bytes > 1_000_000) abort();
  };
  await expect(copy.saveTarget(target, destination, { signal, onProgress })).rejects.toThrow(/stop/);
  registry.clearScript();
  registry.clearLog();
  expect((await save()).equals(content)).toBe(true);
  expect(reports[0]?.ways).toEqual(["present", "seed", "ranges"]);
  expect(ranges().reduce((sum, range) => sum + bytesOf(range), 0)).toBeLessThan(content.length / 5);
});

test("the file of the last pull is a seed at another place too, if it was not written since or if it was", async () => {
  await writeFile(destination, old);
  await save();
  for (const change of [false, true]) {
    if (change) await writeFile(destination, Buffer.concat([content.subarray(0, 2_000_000), Buffer.from("changed")]));
    const other = join(home, "copy", `other-${String(change)}`);
    registry.clearLog();
    await copy.saveTarget(target, other, { onSaved: (saved) => reports.push(saved) });
    expect((await readFile(other)).equals(content)).toBe(true);
    expect(reports.at(-1)?.ways).toContain("seed");
    await rm(other);
    await writeFile(destination, content);
    await copy.saveTarget(target, destination);
  }
});

test.each([1, 2])("wrong bytes in range %i are refused, and the file is right in the end", async (nth) => {
  await writeFile(destination, old);
  const bend = (bytes: Uint8Array): Uint8Array => Buffer.alloc(bytes.length, 7);
  registry.script({ match: { method: "GET", where: isRange, nth }, fault: { kind: "change", body: bend } });
  expect((await save()).equals(content)).toBe(true);
});

test("an older file that changes while it is read gives no byte that was not signed", async () => {
  await writeFile(destination, old);
  const cutShort = (): Promise<void> => truncate(destination, 100_000);
  registry.script({ match: { method: "GET", where: isRange }, fault: { kind: "run", run: cutShort } });
  expect((await save()).equals(content)).toBe(true);
});
