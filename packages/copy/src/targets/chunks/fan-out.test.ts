/** A large target comes by several ranges at a time, if one connection is slow. */
import { randomBytes } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createIndexMaker } from "@dtuf/delta";
import { indexMediaType, withTargetIndex } from "@dtuf/format";
import { digestOf, type ByteStream } from "@dtuf/registry";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCopy } from "../../copy.ts";
import { createStoreSource } from "../../sources/store-source.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";
import { partialPath } from "../partial-file.ts";
import { saveVerified, type SaveTargetContext } from "../save-target.ts";
import type { SaveReport } from "../ways.ts";
import { defaultFanOut, requestsAtOnce, type FanOut } from "./fan-out.ts";
import { createFileHashes } from "../../state/file-hashes.ts";
import { contentName } from "../../state/pulled-memory.ts";

const content = randomBytes(3_000_000);
const average = 4096;
const home = useDirectory();
let destination: string;
const registry = useHostileRegistry();
let client: RegistryClient;
let target: TargetInfo;
let site: Site;

beforeEach(async () => {
  destination = join(home, "out.bin");
  const sim = await createTufSimulator();
  const maker = createIndexMaker({ average });
  maker.update(content);
  const index = maker.finish() ?? new Uint8Array();
  const descriptor = { mediaType: indexMediaType, digest: digestOf(index), size: index.length };
  sim.addTarget("t", content, { custom: withTargetIndex(undefined, descriptor) });
  await sim.publishRelease();
  client = createRegistryClient({ registry: registry.host, scheme: "http", sleep: () => Promise.resolve() });
  const store = client.repository("fred/demo");
  await store.put(descriptor, index);
  await publishToStore(sim, store);
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  const source = createStoreSource(store);
  await using copy = createCopy({ source, place: "x", directory: join(home, "copy"), now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  target = (await copy.findTarget("t")) ?? expect.fail("not found");
  site = source.sites[0] ?? expect.fail("no site");
  registry.clearLog();
});
afterEach(() => client.close());

let elapsed = 0;
/** A second passes at each look. */
const slow = (): number => (elapsed += 1000);
const fast = (): number => 0;

function save(clock: FanOut["clock"], more: Partial<SaveTargetContext> = {}): Promise<SaveReport> {
  const fanOut = { targetMinBytes: 1_000_000, probeBytes: 65_536, runBytes: 262_144, atOnce: 4, clock };
  const context: SaveTargetContext = {
    sites: [site],
    mode: "online",
    hashes: createFileHashes(),
    onEvent: () => undefined,
    partial: "keep",
    same: "write",
    directorySync: "at-commit",
    seeds: [],
    fanOut,
    ...more,
  };
  return saveVerified(target, destination, context);
}

const isBlob = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
  method === "GET" && path.endsWith(digestOf(content));

const ranges = (): readonly (string | undefined)[] =>
  registry.requests.filter(isBlob).map(({ headers }) => headers.range);

function requestedBytes(): number {
  return ranges().reduce((sum, range) => {
    const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    return sum + (to === "" ? content.length : Number(to) + 1) - Number(from);
  }, 0);
}

const saved = async (): Promise<boolean> => content.equals(await readFile(destination));

test("over a slow connection: closed ranges, no byte twice, and never more at a time than allowed", async () => {
  let [active, most] = [0, 0];
  const openRange: Site["openRange"] = async (...wanted) => {
    most = Math.max(most, (active += 1));
    const stream = await site.openRange?.(...wanted);
    return stream && counting(stream);
  };
  async function* counting(stream: ByteStream): ByteStream {
    yield* stream;
    active -= 1;
  }
  const report = await save(slow, { sites: [{ ...site, openRange }] });
  expect(await saved()).toBe(true);
  expect(report).toMatchObject({ ways: ["ranges"], requests: ranges().length + 1 });
  expect(ranges().every((range) => /^bytes=\d+-\d+$/.test(range ?? ""))).toBe(true);
  expect(ranges().length).toBeGreaterThan(10);
  expect(requestedBytes()).toBe(content.length);
  expect(most).toBe(4);
});

test("over a fast connection: what the first range left comes by one more request", async () => {
  expect(await save(fast)).toMatchObject({ ways: ["ranges", "whole"] });
  expect(await saved()).toBe(true);
  expect(ranges()).toHaveLength(2);
  expect(requestedBytes()).toBe(content.length);
});

test("nothing is asked for beside the first range before the registry has sent it as one", async () => {
  registry.script({ match: { where: isBlob }, times: Infinity, fault: { kind: "ignore-range" } });
  expect(await save(slow)).toMatchObject({ ways: ["whole"] });
  expect(await saved()).toBe(true);
  expect(ranges()).toHaveLength(1);
});

test.each([
  ["a gap", 0],
  ["zeros", 1_500_000],
])(
  "a file of an earlier call that has its full length and %s in its middle: only that is fetched",
  async (_what, zeros) => {
    const file = await open(partialPath(destination, contentName(target.file)), "w");
    await file.write(content, 0, 750_000, 0);
    await file.write(Buffer.alloc(zeros), 0, zeros, 750_000);
    await file.write(content, 2_250_000, 750_000, 2_250_000);
    await file.close();
    await save(slow);
    expect(await saved()).toBe(true);
    expect(requestedBytes()).toBeGreaterThanOrEqual(1_500_000);
    expect(requestedBytes()).toBeLessThan(1_500_000 + 8 * average);
  },
);

describe("a range among others, and the file is right in the end:", () => {
  test.each<readonly [string, number]>([
    ["403, as an expired address gives", 403],
    ["404", 404],
    ["416", 416],
    ["500", 500],
  ])("the answer is %s", async (_, status) => {
    registry.script({ match: { where: isBlob, nth: 5 }, fault: { kind: "answer", status } });
    await save(slow);
    expect(await saved()).toBe(true);
  });

  test("the answer is 200 and the whole blob", async () => {
    registry.script({ match: { where: isBlob, nth: 5 }, fault: { kind: "ignore-range" } });
    await save(slow);
    expect(await saved()).toBe(true);
  });

  test.each(["bytes 0-9/*", "bytes 5-1/2", "nonsense"])("it is announced as %s", async (contentRange) => {
    const fault = { kind: "change", headers: { "content-range": contentRange } } as const;
    registry.script({ match: { where: isBlob, nth: 5 }, fault });
    await save(slow);
    expect(await saved()).toBe(true);
  });

  test("it has wrong bytes", async () => {
    const body = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes).fill(7, bytes.length / 2);
    registry.script({ match: { where: isBlob, nth: 5 }, fault: { kind: "change", body } });
    await save(slow);
    expect(await saved()).toBe(true);
  });

  test("its connection is cut three times: what is missing is asked for again, and no chunk that had arrived", async () => {
    const cut = { kind: "cut", afterBytes: 60_000, how: "rst" } as const;
    registry.script({ match: { where: isBlob, nth: 3 }, times: 3, fault: cut });
    await save(slow);
    expect(await saved()).toBe(true);
    const again = [...Map.groupBy(ranges(), (range) => range?.split("-")[1]).values()].filter(
      ({ length }) => length > 1,
    );
    expect(again).toHaveLength(3);
    // Of each answer all came but the headers and a chunk that was not complete.
    for (const [before, after] of again.map((each) => each.map((range) => Number(/\d+/.exec(range ?? "")?.[0]))))
      expect((after ?? 0) - (before ?? 0)).toBeGreaterThan(60_000 - 4 * average - 2000);
  });
});

test("wrong bytes are not even written to the file that has no name yet", async () => {
  const body = (bytes: Uint8Array): Uint8Array => Buffer.alloc(bytes.length, 7);
  registry.script({ match: { where: isBlob, nth: 5 }, fault: { kind: "change", body } });
  const openPart = (): Promise<never> => Promise.reject(new Error("no other way"));
  let writtenBytes = 0;
  const onProgress = ({ bytes }: { readonly bytes: number }): void =>
    void (writtenBytes = Math.max(writtenBytes, bytes));
  await expect(save(slow, { sites: [{ ...site, openPart }], onProgress })).rejects.toThrow("no other way");
  expect(writtenBytes).toBeLessThan(content.length - 200_000);
  const [left = ""] = (await readdir(home)).filter((name) => name !== "copy");
  const bytes = await readFile(join(home, left));
  expect(bytes.length).toBeGreaterThan(300_000);
  expect(bytes.includes(Buffer.alloc(64, 7))).toBe(false);
});

test("another blob from its middle on is refused, and nothing of it is left", async () => {
  const other = Buffer.concat([content.subarray(0, 1_500_000), randomBytes(1_500_000)]);
  registry.repository("fred/demo").blobs.set(digestOf(content), other);
  await expectRefused(save(slow), "OCI_DIGEST_MISMATCH");
  const [left = ""] = (await readdir(home)).filter((name) => name !== "copy");
  expect(left).toMatch(/\.partial$/);
  expect((await stat(join(home, left))).size).toBeLessThanOrEqual(1_500_000);
});

test("an interrupted call leaves gaps: the next one fetches what is missing, and no chunk that was written", async () => {
  const stop = new AbortController();
  let writtenBytes = 0;
  const onProgress = ({ bytes }: { readonly bytes: number }): void => {
    writtenBytes = bytes;
    if (bytes > 1_000_000) stop.abort(new Error("stop"));
  };
  registry.script({ match: { where: isBlob, nth: 3 }, fault: { kind: "stall", after: 10_000 } });
  await expect(save(slow, { signal: stop.signal, onProgress })).rejects.toThrow("stop");
  registry.clearScript();
  registry.clearLog();
  expect(await save(slow)).toMatchObject({ ways: ["present", "ranges"] });
  expect(await saved()).toBe(true);
  expect(requestedBytes()).toBeLessThanOrEqual(content.length - writtenBytes);
});

test("longer chunks are fetched by fewer requests at a time, so that memory is the same", () => {
  expect([65_536, 1 << 20, 4 << 20].map((each) => requestsAtOnce(defaultFanOut, each))).toEqual([8, 4, 1]);
});
