/** Chains, compressed copies and recipes of archives that are wrong in any way: the file is right in the end, and a person is told. */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import zlib from "node:zlib";
import {
  createIndexMaker,
  encodeSegment,
  encodeSegmentAlone,
  encodePatchTable,
  parseChunkIndex,
  planAlone,
  planSegments,
  type ArchiveRecipe,
  type ChunkIndex,
  type WrittenTable,
} from "@dtuf/delta";
import {
  emptySha256,
  indexMediaType,
  patchMediaType,
  withTargetIndex,
  withTargetPatches,
  type TargetPatch,
} from "@dtuf/format";
import { digestOf, type Descriptor } from "@dtuf/registry";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "../../copy.ts";
import type { CopyEvent } from "../../events.ts";
import { createStoreSource } from "../../sources/store-source.ts";
import type { SavedTarget } from "../ways.ts";

const base = randomBytes(1_200_000);
/** Each version differs from the others in every chunk. */
const version = (number: number): Buffer => {
  const bytes = Buffer.from(base);
  // A chunk has at least 4,097 bytes, but for the last one.
  const places = [...Array.from({ length: Math.ceil(bytes.length / 4000) }, (_, at) => at * 4000), bytes.length - 1];
  for (const at of places) bytes[at] = (bytes[at] ?? 0) + number;
  return bytes;
};
const hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const describeContent = (bytes: Uint8Array) => ({ length: bytes.length, sha256: hex(bytes) });

function makeIndex(bytes: Uint8Array): Uint8Array {
  const maker = createIndexMaker({ average: 16_384 });
  maker.update(bytes);
  return maker.finish() ?? new Uint8Array();
}
const indexOf = (bytes: Uint8Array): ChunkIndex => parseChunkIndex(makeIndex(bytes), describeContent(bytes));

interface Made {
  readonly patch: TargetPatch;
  readonly bytes: Uint8Array;
}
type Change = (table: WrittenTable) => WrittenTable;

interface Wanted {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly isStep?: boolean;
  /** What is in the archives `from` and `to`. */
  readonly inside?: { readonly from: Uint8Array; readonly to: Uint8Array; readonly archive: ArchiveRecipe };
  readonly change?: Change;
}

/** A patch as a publisher makes it, with a table that may lie. */
async function make({ from, to, isStep = false, inside, change = (table) => table }: Wanted): Promise<Made> {
  const [old, content] = [inside?.from ?? from, inside?.to ?? to];
  const planned = old.length === 0 ? planAlone(content.length) : (planSegments(indexOf(content), indexOf(old)) ?? []);
  const segments: WrittenTable["segments"][number][] = [];
  const frames: Uint8Array[] = [];
  for (const segment of planned) {
    const { windowOffset, windowLength, offset, length } = segment;
    const window = (old.length === 0 ? content : old).subarray(windowOffset, windowOffset + windowLength);
    const pair = { window, content: content.subarray(offset, offset + length) };
    const { coded, ...how } = await (old.length === 0 ? encodeSegmentAlone(pair) : encodeSegment(pair));
    segments.push({ ...segment, ...how, codedLength: coded.length });
    frames.push(coded);
  }
  const honest = { oldLength: old.length, newLength: content.length, segments, archive: inside?.archive };
  const table = encodePatchTable(change(honest));
  const bytes = Buffer.concat([table, ...frames]);
  const blob: Descriptor = { mediaType: patchMediaType, digest: digestOf(bytes), size: bytes.length };
  const named = { from: hex(from), blob, table: { digest: digestOf(table), size: table.length } };
  return { patch: { ...named, ...(isStep && { to: describeContent(to) }) }, bytes };
}

const home = useDirectory();
let destination: string;
const registry = useHostileRegistry();
let client: RegistryClient;
let events: CopyEvent[];

beforeEach(() => {
  destination = join(home, "out", "file");
  client = createRegistryClient({ registry: registry.host, scheme: "http" });
  events = [];
});
afterEach(() => client.close());

async function publish(content: Uint8Array, made: readonly Made[]): Promise<Copy> {
  const store = client.repository("fred/demo");
  const index = makeIndex(content);
  const indexed: Descriptor = { mediaType: indexMediaType, digest: digestOf(index), size: index.length };
  const sim = await createTufSimulator();
  const patches = made.map(({ patch }) => patch);
  sim.addTarget("t", content, { custom: withTargetPatches(withTargetIndex(undefined, indexed), patches) });
  await sim.publishRelease();
  await store.put(indexed, index);
  for (const { patch, bytes } of made) await store.put(patch.blob, bytes);
  await publishToStore(sim, store);
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  const onEvent = (event: CopyEvent): void => void events.push(event);
  const copy = createCopy({
    source: createStoreSource(store),
    place: "x",
    directory: join(home, "copy"),
    now,
    onEvent,
  });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  registry.clearLog();
  return copy;
}

interface Saved extends Pick<SavedTarget, "ways"> {
  readonly isRight: boolean;
  /** Files that are left beside the destination. */
  readonly left: number;
  readonly failed: readonly string[];
}

async function save(copy: Copy, content: Uint8Array, old?: Uint8Array): Promise<Saved> {
  const target = await copy.findTarget("t");
  if (target === undefined) throw new TypeError("not found");
  await rm(join(home, "out"), { recursive: true, force: true });
  await mkdir(join(home, "out"));
  if (old !== undefined) await writeFile(destination, old);
  const reports: SavedTarget[] = [];
  await copy.saveTarget(target, destination, { onSaved: (saved) => void reports.push(saved) });
  const isRight = (await readFile(destination)).equals(content);
  const left = (await readdir(join(home, "out"))).length - 1;
  const failed = events.flatMap((event) => (event.kind === "way-failed" ? [event.way] : []));
  return { ways: reports[0]?.ways ?? [], isRight, left, failed };
}

describe("a chain of patches", () => {
  const steps = (): Promise<readonly Made[]> =>
    Promise.all(
      [1, 2, 3].map((number) =>
        make({ from: version(number), to: version(number + 1), ...(number < 3 && { isStep: true }) }),
      ),
    );

  test("of three is followed, and leaves no other file", async () => {
    const copy = await publish(version(4), await steps());
    const saved = await save(copy, version(4), version(1));
    expect(saved).toEqual({ ways: ["patch"], isRight: true, left: 0, failed: [] });
  });

  test("of four is not", async () => {
    const four = [await make({ from: version(0), to: version(1), isStep: true }), ...(await steps())];
    const saved = await save(await publish(version(4), four), version(4), version(0));
    expect(saved).toMatchObject({ ways: ["whole"], isRight: true, left: 0, failed: [] });
  });

  test("with a step that is far larger than the target is not followed", async () => {
    const [large, content] = [Buffer.alloc(24 * 1024 * 1024), Buffer.alloc(300_000, "content")];
    const first = await make({ from: new Uint8Array(), to: large, isStep: true });
    const copy = await publish(content, [first, await make({ from: large, to: content })]);
    expect(await save(copy, content)).toEqual({ ways: ["whole"], isRight: true, left: 0, failed: [] });
  });

  test("in a circle ends", async () => {
    const circle = [
      await make({ from: version(1), to: version(2), isStep: true }),
      await make({ from: version(2), to: version(1), isStep: true }),
      await make({ from: version(1), to: version(1), isStep: true }),
    ];
    const saved = await save(await publish(version(4), circle), version(4), version(1));
    expect(saved).toMatchObject({ ways: ["whole"], isRight: true, left: 0 });
  });

  test("with a step that makes something else than was signed is left, and what it made is removed", async () => {
    const [first, second] = await steps();
    const wrong = await make({ from: version(3), to: version(4), change: lyingHash });
    const all = [first, second, wrong].filter((each) => each !== undefined);
    const saved = await save(await publish(version(4), all), version(4), version(1));
    expect(saved).toMatchObject({ isRight: true, left: 0, failed: ["patch"] });
  });
});

const lyingHash: Change = (table) => ({
  ...table,
  segments: table.segments.map((segment) => ({ ...segment, sha256: randomBytes(32) })),
});
const firstSegment =
  (change: Partial<WrittenTable["segments"][number]>): Change =>
  (table) => ({
    ...table,
    segments: table.segments.map((segment, number) => (number === 0 ? { ...segment, ...change } : segment)),
  });

describe("a compressed copy", () => {
  const content = Buffer.from(
    Array.from({ length: 200_000 }, (_, line) => `${(line * line) % 7919};${line}\n`).join(""),
  );
  const nothing = new Uint8Array();
  const packed = (change?: Change): Promise<Made> => make({ from: nothing, to: content, ...(change && { change }) });

  test("is unpacked where nothing is", async () => {
    const saved = await save(await publish(content, [await packed()]), content);
    expect(saved).toEqual({ ways: ["compressed"], isRight: true, left: 0, failed: [] });
  });

  test("is not fetched if an older file costs less", async () => {
    const old = Buffer.concat([content.subarray(0, 1_000_000), Buffer.from("x"), content.subarray(1_000_000)]);
    const copy = await publish(content, [await packed(), await make({ from: old, to: content })]);
    expect(await save(copy, content, old)).toMatchObject({ ways: ["patch"], isRight: true });
  });

  test.each<readonly [string, Change]>([
    ["other hashes", lyingHash],
    ["a segment of 4 billion bytes", firstSegment({ length: 4_000_000_000 })],
    ["a window in front of the first byte", firstSegment({ windowLength: 100 })],
    ["a window of an older file", firstSegment({ coding: "prefix", windowLength: 100 })],
    ["lengths that do not add up", firstSegment({ length: 17 })],
    ["a segment that gives fewer bytes", (table) => firstSegment({ codedLength: 17 })(table)],
  ])("with a table of %s is left, and the file is right in the end", async (_, change) => {
    const saved = await save(await publish(content, [await packed(change)]), content);
    expect(saved).toMatchObject({ isRight: true, left: 0, failed: ["compressed"] });
    expect(saved.ways).toContain("whole");
  });

  test("that is a bomb gives no more than the signed length", async () => {
    const honest = await packed();
    const bomb = zlib.zstdCompressSync(Buffer.alloc(300_000_000));
    const length = content.length;
    const [segment] = planAlone(length);
    const segments = [{ length, windowOffset: 0, windowLength: 0, codedLength: bomb.length }].map((each) => ({
      ...segment,
      ...each,
      coding: "earlier" as const,
      sha256: createHash("sha256").update(content).digest(),
    }));
    const table = encodePatchTable({ oldLength: 0, newLength: length, segments });
    const bytes = Buffer.concat([table, bomb]);
    const blob = { ...honest.patch.blob, digest: digestOf(bytes), size: bytes.length };
    const patch = { from: emptySha256, blob, table: { digest: digestOf(table), size: table.length } };
    const copy = await publish(content, [{ patch, bytes }]);
    const before = process.memoryUsage().rss;
    expect(await save(copy, content)).toMatchObject({ isRight: true, failed: ["compressed"] });
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });
});

describe("a recipe of an archive", () => {
  const [old, content] = [version(1), version(2)];
  const pack = (bytes: Uint8Array): Buffer => zlib.gzipSync(bytes, { level: 9 });
  const recipe: ArchiveRecipe = {
    level: 9,
    memLevel: 8,
    header: pack(content).subarray(0, 10),
  };
  const made = (archive: ArchiveRecipe, change: Partial<WrittenTable> = {}): Promise<Made> =>
    make({
      from: pack(old),
      to: pack(content),
      inside: { from: old, to: content, archive },
      change: (table) => ({ ...table, ...change }),
    });

  test("makes the archive again, and leaves no other file", async () => {
    const saved = await save(await publish(pack(content), [await made(recipe)]), pack(content), pack(old));
    expect(saved).toEqual({ ways: ["patch"], isRight: true, left: 0, failed: [] });
  });

  test.each<readonly [string, Partial<ArchiveRecipe>, Partial<WrittenTable>]>([
    ["of a zlib that deflates in another way", { memLevel: 1 }, {}],
    ["with another header", { header: Buffer.from("1f8b08000000000000ff", "hex") }, {}],
    ["that says that less is in the old archive", {}, { oldLength: 1000 }],
    ["that says that one byte more is in the old archive", {}, { oldLength: old.length + 1 }],
    ["that says that far more is in the old archive", {}, { oldLength: 2 ** 52 }],
    ["with a level that zlib does not have", { level: 77 }, {}],
  ])("%s is left, and the file is right in the end", async (_, change, table) => {
    const copy = await publish(pack(content), [await made({ ...recipe, ...change }, table)]);
    const saved = await save(copy, pack(content), pack(old));
    expect(saved).toMatchObject({ isRight: true, left: 0, failed: ["patch"] });
  });

  test("with far more in it than the target has is left before it is unpacked", async () => {
    const [nothing, large] = [new Uint8Array(), Buffer.alloc(24 * 1024 * 1024)];
    const inside = { from: nothing, to: large, archive: recipe };
    const bomb = await make({ from: pack(nothing), to: pack(large), inside });
    const saved = await save(await publish(pack(large), [bomb]), pack(large), pack(nothing));
    expect(saved).toMatchObject({ isRight: true, left: 0, failed: ["patch"] });
  });

  test("is not used for an old archive that is damaged", async () => {
    const damaged = pack(old).subarray(0, 900_000);
    const lying = make({
      from: damaged,
      to: pack(content),
      inside: { from: old, to: content, archive: recipe },
    });
    const saved = await save(await publish(pack(content), [await lying]), pack(content), damaged);
    expect(saved).toMatchObject({ isRight: true, left: 0, failed: ["patch"] });
  });
});
