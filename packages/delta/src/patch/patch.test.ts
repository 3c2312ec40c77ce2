import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import { expectRefused } from "@dtuf/testing/expect-refused";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createGzip,
  createIndexMaker,
  encodeSegment,
  openGzip,
  decodeSegment,
  DeltaError,
  encodePatchTable,
  parseChunkIndex,
  parsePatchTable,
  planSegments,
  type ChunkIndex,
  mostTableBytes,
  type Segment,
  type WrittenTable,
} from "../index.ts";
import { encodeNumbers } from "./numbers.ts";
import { encodeSteps, type Step } from "./steps.ts";

const hash = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/** A content like compiled code: instructions that stay, with an address in every 16 bytes. */
function code(shift: number): Buffer {
  const bytes = Buffer.alloc(300_000);
  for (let at = 0; at < bytes.length; at += 32) {
    hash(Buffer.from(`instruction ${at}`)).copy(bytes, at);
    bytes.writeUInt32LE((at * 7 + shift) >>> 0, at + 8);
    bytes.writeUInt32LE((at * 3 + shift) >>> 0, at + 24);
  }
  return bytes;
}

describe("a coded segment", () => {
  test("gives the segment again from any window, whatever they have in common", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat({ max: 5000 }).map((length) => new Uint8Array(length)),
      fc.tuple(fc.nat({ max: 8000 }), fc.nat({ max: 3000 })).map(([at, length]) => shared.subarray(at, at + length)),
    );
    const shared = randomBytes(10_000);
    const contents = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.concat(pieces));
    await fc.assert(
      fc.asyncProperty(contents, contents, async (window, content) => {
        fc.pre(content.length > 0);
        const { coded, ...segment } = await encodeSegment({ window, content });
        const decoded = await decodeSegment({ ...segment, offset: 0, length: content.length }, coded, window);
        expect(content.equals(decoded)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("of moved code is a twentieth of what zstd makes with the same window", async () => {
    const [window, content] = [code(0), code(4096)];
    const { coding, coded } = await encodeSegment({ window, content });
    const zstd = zlib.zstdCompressSync(content, { dictionary: window });
    expect([coding, coded.length < zstd.length / 20]).toEqual(["differences", true]);
  });

  test("with bytes that are bent anywhere is refused, and never gives other bytes", async () => {
    const [window, content] = [code(0), code(9)];
    const differences = await encodeSegment({ window, content });
    const prefix = zlib.zstdCompressSync(content, { dictionary: window });
    for (const segment of [differences, { ...differences, coding: "prefix" as const, coded: prefix }])
      for (let time = 0; time < 60; time += 1) {
        const coded = Buffer.from(segment.coded);
        const at = Math.floor(Math.random() * coded.length);
        coded[at] = (coded[at] ?? 0) ^ (1 + Math.floor(Math.random() * 255));
        const wanted = { ...segment, offset: 0, length: content.length };
        const found = await decodeSegment(wanted, coded, window).catch((error: unknown) => error);
        // A bit of a frame that has no meaning may be bent.
        const outcome = DeltaError.is(found) ? found.code : content.equals(found as Uint8Array);
        expect(["DELTA_SEGMENT_DIFFERS", true]).toContain(outcome);
      }
  });

  test("that would grow beyond its signed length is refused before it does", async () => {
    const bomb = zlib.zstdCompressSync(Buffer.alloc(200_000_000));
    const bombed = (...header: readonly number[]): Buffer => Buffer.concat([encodeNumbers(header), bomb]);
    const before = process.memoryUsage().rss;
    for (const [coding, coded] of [
      ["prefix", bomb],
      ["differences", bombed(1, 15, bomb.length, 0)],
      ["differences", bombed(2 ** 18, 15 * 2 ** 18, bomb.length, 0)],
      ["differences", bombed(1, 4, 4, bomb.length, 0, 1000, 0)],
      ["differences", bombed(1, 4, 4, 0, 0, 0, 1000)],
    ] as const) {
      const wanted = { coding, offset: 0, length: 1000, sha256: hash(bomb) };
      await expectRefused(() => decodeSegment(wanted, coded, new Uint8Array()), "DELTA_SEGMENT_DIFFERS");
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  const tenZeros = { coding: "differences", offset: 0, length: 10, sha256: hash(Buffer.alloc(10)) } as const;
  const coded = (...steps: readonly Step[]): Uint8Array => {
    const control = encodeSteps(steps);
    return Buffer.concat([encodeNumbers([steps.length, control.length, control.length, 0]), control]);
  };

  test("that is the same as a part of its window is some bytes long, and needs no zstd", async () => {
    const bytes = coded({ seek: 90, copied: 10, fresh: 0 });
    expect(bytes.length).toBeLessThan(10);
    expect(await decodeSegment(tenZeros, bytes, Buffer.alloc(100))).toEqual(Buffer.alloc(10));
  });

  test.each<readonly [string, readonly Step[]]>([
    ["in front of the window", [{ seek: -1, copied: 10, fresh: 0 }]],
    ["behind the window", [{ seek: 95, copied: 10, fresh: 0 }]],
    [
      "that steps lead behind the window",
      [
        { seek: 0, copied: 5, fresh: 0 },
        { seek: 91, copied: 5, fresh: 0 },
      ],
    ],
    ["of more bytes than the segment has", [{ seek: 0, copied: 11, fresh: 0 }]],
    ["of fewer bytes than the segment has", [{ seek: 0, copied: 9, fresh: 0 }]],
    ["of 4 billion bytes", [{ seek: 0, copied: 2 ** 32 - 1, fresh: 0 }]],
    ["of more bytes than a number has", [{ seek: 0, copied: 2 ** 32, fresh: 0 }]],
  ])("with a copy %s is refused", async (_, steps) => {
    const decoding = decodeSegment(tenZeros, coded(...steps), Buffer.alloc(100));
    await expectRefused(decoding, "DELTA_SEGMENT_DIFFERS");
  });

  test.each<readonly [string, readonly number[]]>([
    ["no header", []],
    ["a header that ends early", [1, 3, 3]],
    ["a number without an end", [255, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
    ["more steps than there are bytes for", [2, 3, 3, 0, 0, 10, 0]],
    ["fewer steps than there are bytes for", [1, 4, 4, 0, 0, 10, 0, 0]],
    ["steps that are longer than all of it", [1, 3, 9, 0, 0, 10, 0]],
    ["differences that are longer than all of it", [1, 3, 3, 9, 0, 10, 0]],
    ["too many steps", [...encodeNumbers([2 ** 18 + 1, 3, 3, 0]), 0, 10, 0]],
    ["too many bytes for its steps", [...encodeNumbers([1, 16, 16, 0]), ...Buffer.alloc(16)]],
    ["bytes behind its end", [1, 3, 3, 0, 0, 10, 0, 7]],
  ])("of %s is refused", async (_, bytes) => {
    const decoding = decodeSegment(tenZeros, Uint8Array.from(bytes), Buffer.alloc(100));
    await expectRefused(decoding, "DELTA_SEGMENT_DIFFERS");
  });

  test("of text that hardly changed is a thousandth of it", async () => {
    const line = (number: number): string => `line ${number}: ${hash(Buffer.from(`${number}`)).toString("base64")}\n`;
    const lines = Array.from({ length: 20_000 }, (_, number) => line(number));
    const window = Buffer.from(lines.join(""));
    const changed = lines.toSpliced(500, 1, "another line\n").toSpliced(9000, 0, `${lines[7]}and ${lines[12_345]}`);
    const content = Buffer.from(changed.join(""));
    const { coding, coded } = await encodeSegment({ window, content });
    expect([coding, coded.length < 100]).toEqual(["differences", true]);
  });
});

const lengths = { oldLength: 1000, newLength: 500 };
const entry = { windowOffset: 100, windowLength: 900, coding: "prefix", sha256: hash(Buffer.from("x")) } as const;
const segments: readonly Segment[] = [
  { ...entry, offset: 0, length: 300, codedOffset: 96, codedLength: 20 },
  { ...entry, offset: 300, length: 200, codedOffset: 116, codedLength: 30 },
];
const table = Buffer.from(encodePatchTable({ ...lengths, segments }));
const wanted = { length: 500, size: 146 };
const withFirst = (changes: Partial<Segment>): WrittenTable => ({
  ...lengths,
  segments: segments.map((segment, number) => (number === 0 ? { ...segment, ...changes } : segment)),
});

describe("a patch table", () => {
  test("is read as it was written", () => {
    expect(parsePatchTable(table, wanted)).toEqual({ ...lengths, segments });
  });

  test.each<readonly [string, Partial<Segment>]>([
    ["a window outside the old content", { windowOffset: 101 }],
    ["a window far outside the old content", { windowOffset: Number.MAX_SAFE_INTEGER }],
    ["segments that do not add up to the content", { length: 301 }],
    ["an empty segment", { length: 0 }],
    ["coded segments that do not add up to the patch", { codedLength: 21 }],
    ["a coded segment that is longer than any coding makes", { codedLength: 4_000_000_000 }],
    ["a segment that is longer than a reader holds", { length: 4_000_000_000 }],
    ["a window that is longer than a reader holds", { windowLength: 4_000_000_000 }],
  ])("with %s is refused", (_, changes) => {
    const bytes = encodePatchTable(withFirst(changes));
    const size = wanted.size + bytes.length - table.length;
    expectRefused(() => parsePatchTable(bytes, { ...wanted, size }), "DELTA_PATCH_INVALID");
  });

  test.each<readonly [string, { readonly at: number; readonly byte: number; readonly code: string }]>([
    ["another beginning", { at: 0, byte: 7, code: "DELTA_PATCH_INVALID" }],
    ["another version", { at: 11, byte: 1, code: "DELTA_PATCH_VERSION" }],
    ["another recipe", { at: 16, byte: 2, code: "DELTA_PATCH_VERSION" }],
    ["another coding", { at: 23, byte: 4, code: "DELTA_PATCH_VERSION" }],
    ["a content of another length", { at: 14, byte: 0xf5, code: "DELTA_PATCH_INVALID" }],
    ["fewer segments", { at: 17, byte: 1, code: "DELTA_PATCH_INVALID" }],
    ["more segments", { at: 17, byte: 3, code: "DELTA_PATCH_INVALID" }],
  ])("with %s is refused", (_, { at, byte, code }) => {
    const bytes = Buffer.from(table);
    bytes[at] = byte;
    expectRefused(() => parsePatchTable(bytes, wanted), code);
  });

  test("has windows of at most 8 MiB, of which a reader and zstd have a copy each in memory", () => {
    const ofWindow = (windowLength: number): (() => unknown) => {
      const changed = withFirst({ windowOffset: 0, windowLength });
      const bytes = encodePatchTable({ ...changed, oldLength: 2 ** 24 });
      return () => parsePatchTable(bytes, { length: 500, size: bytes.length + 50 });
    };
    expect(ofWindow(2 ** 23)).not.toThrow();
    expectRefused(ofWindow(2 ** 23 + 1), "DELTA_PATCH_INVALID");
  });

  test("of segments that are far shorter than 1 MiB on average is refused", () => {
    const ofSegments = (count: number): (() => unknown) => {
      const each = { ...entry, length: 2 ** 21 / count, codedLength: 1 };
      const changed = { oldLength: 1000, newLength: 2 ** 21, segments: Array.from({ length: count }, () => each) };
      const bytes = encodePatchTable(changed);
      return () => parsePatchTable(bytes, { length: 2 ** 21, size: bytes.length + count });
    };
    expect(ofSegments(2)).not.toThrow();
    expectRefused(ofSegments(4), "DELTA_PATCH_INVALID");
  });

  test("of 4 billion segments is refused before they are read", () => {
    const bytes = Buffer.concat([table.subarray(0, 17), encodeNumbers([2 ** 32]), table.subarray(18)]);
    expectRefused(() => parsePatchTable(bytes, wanted), "DELTA_PATCH_INVALID");
  });

  test("that is cut anywhere is refused", () => {
    for (let length = 0; length < table.length; length += 1)
      expectRefused(() => parsePatchTable(table.subarray(0, length), wanted), "DELTA_PATCH_INVALID");
  });

  test("takes no more than the space that is left for it", () => {
    const long = { ...entry, windowOffset: 2 ** 53 - 1, windowLength: 2 ** 32, length: 2 ** 32, codedLength: 2 ** 32 };
    const recipe = { level: 9, memLevel: 9, header: Buffer.alloc(1024) };
    const longest = { oldLength: 2 ** 53 - 1, newLength: 2 ** 53 - 1, archive: recipe, segments: [long, long] };
    expect(encodePatchTable(longest).length).toBeLessThanOrEqual(mostTableBytes(2));
  });
});

function indexOf(content: Uint8Array): ChunkIndex {
  const maker = createIndexMaker({ average: 16_384 });
  maker.update(content);
  const known = { length: content.length, sha256: hash(content).toString("hex") };
  return parseChunkIndex(maker.finish() ?? new Uint8Array(), known);
}

test("segments lie on chunk borders, and their windows where the old content has the same chunks", () => {
  const old = randomBytes(30_000_000);
  // The last 12 MB come first.
  const content = Buffer.concat([old.subarray(18_000_000), old.subarray(0, 18_000_000)]);
  const index = indexOf(content);
  const borders = new Set(Array.from({ length: index.count }, (_, number) => index.chunk(number).offset));
  const planned = planSegments(index, indexOf(old)) ?? [];
  expect(planned.every(({ offset }) => borders.has(offset))).toBe(true);
  expect(planned.reduce((sum, { length }) => sum + length, 0)).toBe(content.length);
  const [first] = planned;
  expect(Math.abs((first?.windowOffset ?? 0) + 4_194_304 - 18_000_000 - (first?.length ?? 0) / 2)).toBeLessThan(
    2_200_000,
  );
});

/** As in vectors.test.ts. */
const counted = (length: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, at) => hash(Buffer.from(`vector${at}`))),
    length,
  );
const vectors = new URL("../vectors/patch.json", import.meta.url);

const recipe = { level: 9, memLevel: 8, header: Buffer.from("1f8b08000000000002ff", "hex") };

describe("a recipe of an archive", () => {
  const packed = Buffer.from(encodePatchTable({ ...lengths, segments, archive: recipe }));
  const asked = { length: 70, size: wanted.size + packed.length - table.length };

  test("is read as it was written, and the segments are of what is in the archives", () => {
    const read = parsePatchTable(packed, asked);
    expect(read.archive).toEqual(recipe);
    expect(read.segments.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 300],
      [300, 200],
    ]);
  });

  test.each<readonly [string, number, number]>([
    ["a level of 0", 17, 0],
    ["a memory level of 10", 18, 10],
    ["a header that is longer than the table", 19, 127],
  ])("with %s is refused", (_, at, byte) => {
    const bytes = Buffer.from(packed);
    bytes[at] = byte;
    expectRefused(() => parsePatchTable(bytes, asked), "DELTA_PATCH_INVALID");
  });

  test("with a header that is longer than a reader takes is refused", () => {
    const bytes = encodePatchTable({ ...lengths, segments, archive: { ...recipe, header: Buffer.alloc(1025) } });
    expectRefused(() => parsePatchTable(bytes, asked), "DELTA_PATCH_INVALID");
  });
});

test("the coded segments of the vectors give the content [format 13]", async () => {
  const window = counted(20_000);
  const content = Buffer.concat([window.subarray(10_000), Buffer.alloc(50)]);
  const moved = Buffer.from(content);
  for (let at = 0; at < 10_000; at += 50) moved[at] = ((moved[at] ?? 0) + 1) % 256;
  const { coded } = await encodeSegment({ window, content: moved });
  const made = [
    { coding: 1, coded: zlib.zstdCompressSync(content, { dictionary: window }).toString("hex") },
    { coding: 2, coded: Buffer.from(coded).toString("hex") },
  ];
  const all = { ...lengths, segments, archive: recipe };
  const tables = { table: Buffer.from(encodePatchTable(all)).toString("hex") };
  if (process.env["DTUF_WRITE_VECTORS"] === "1")
    writeFileSync(vectors, `${JSON.stringify([...made, tables], undefined, 2)}\n`);
  const known = JSON.parse(readFileSync(vectors, "utf8")) as Partial<(typeof made)[0] & typeof tables>[];
  const [first, second] = known;
  expect(known[2]).toEqual(tables);
  const decode = (coding: "prefix" | "differences", hex: string | undefined, whole: Buffer): Promise<Uint8Array> =>
    decodeSegment(
      { coding, offset: 0, length: whole.length, sha256: hash(whole) },
      Buffer.from(hex ?? "", "hex"),
      window,
    );
  expect(content.equals(await decode("prefix", first?.coded, content))).toBe(true);
  expect(moved.equals(await decode("differences", second?.coded, moved))).toBe(true);
});

test("an archive that is larger than what zlib takes at once leaves no listener behind", async () => {
  const warnings: string[] = [];
  const warned = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", warned);
  const content = randomBytes(3_000_000);
  const recipe = { level: 6, memLevel: 8, header: Buffer.from("1f8b08000000000000ff", "hex") };
  const packed = createGzip(Readable.from(inPieces(content)), recipe);
  let length = 0;
  for await (const bytes of openGzip(packed, 10_000_000)) length += bytes.length;
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", warned);
  expect([length, warnings]).toEqual([3_000_000, []]);
});

const inPieces = (bytes: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: bytes.length / 20_000 }, (_, at) => bytes.subarray(at * 20_000, (at + 1) * 20_000));
