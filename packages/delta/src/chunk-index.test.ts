import { createHash } from "node:crypto";
import { expectRefused } from "@dtuf/testing/expect-refused";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseAverage, createIndexMaker, DeltaError, parseChunkIndex, type ChunkIndex } from "./index.ts";

const average = 4096;
// The same in each run, because where random bytes are cut depends on chance.
const random = createHash("shake256", { outputLength: 100_000 }).update("content").digest();
const content = Buffer.concat([random, Buffer.alloc(50_000)]);
const sha256 = createHash("sha256").update(content).digest("hex");
const known = { length: content.length, sha256 };

function makeIndex(bytes: Uint8Array, pieces: readonly number[] = [bytes.length]): Uint8Array {
  const maker = createIndexMaker({ average });
  let at = 0;
  for (const piece of pieces) maker.update(bytes.subarray(at, (at += piece)));
  maker.update(bytes.subarray(at));
  return maker.finish() ?? new Uint8Array();
}

/** The index with other bytes at an offset; a negative one counts from the end. */
function bent(at: number, bytes: readonly number[]): Uint8Array {
  const copy = Buffer.from(makeIndex(content));
  copy.set(bytes, at < 0 ? copy.length + at : at);
  return copy;
}

const lengthsOf = (index: ChunkIndex): readonly number[] =>
  Array.from({ length: index.count }, (_, number) => index.chunk(number).length);

describe("an index", () => {
  test("lists chunks that follow one another, hash to what it says, and have the allowed lengths", () => {
    const index = parseChunkIndex(makeIndex(content), known);
    let end = 0;
    for (let number = 0; number < index.count; number += 1) {
      const { offset, length, sha256: hash } = index.chunk(number);
      expect(offset).toBe(end);
      end += length;
      expect(Buffer.from(hash)).toEqual(createHash("sha256").update(content.subarray(offset, end)).digest());
    }
    expect(end).toBe(content.length);
    expect(Math.max(...lengthsOf(index))).toBe(4 * average);
    expect(Math.min(...lengthsOf(index).slice(0, -1))).toBeGreaterThan(average / 4);
  });

  test("is the same however the content arrives", () => {
    const whole = Buffer.from(makeIndex(content));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 })), (pieces) => {
        expect(Buffer.from(makeIndex(content, pieces)).equals(whole)).toBe(true);
      }),
    );
  });

  test("of a content with bytes put in has most of its chunks in common with the old one", () => {
    const hashes = (bytes: Buffer): readonly string[] => {
      const hash = createHash("sha256").update(bytes).digest("hex");
      const index = parseChunkIndex(makeIndex(bytes), { length: bytes.length, sha256: hash });
      return Array.from({ length: index.count }, (_, number) =>
        Buffer.from(index.chunk(number).sha256).toString("hex"),
      );
    };
    const old = new Set(hashes(random));
    const put = Buffer.concat([random.subarray(0, 40_000), Buffer.from("put in"), random.subarray(40_000)]);
    const fresh = hashes(put).filter((hash) => !old.has(hash));
    expect(fresh.length).toBeLessThanOrEqual(3);
  });

  test("of an empty content does not exist", () => {
    expect(createIndexMaker({ average }).finish()).toBeUndefined();
  });
});

describe("a wrong index is refused", () => {
  test.each([
    ["nothing", new Uint8Array()],
    ["a header alone", makeIndex(content).subarray(0, 60)],
    ["another beginning", bent(0, [0x44])],
    ["an average that is no power of two", bent(12, [0, 0, 0x10, 1])],
    ["an average of 2 GiB", bent(12, [0x80, 0, 0, 0])],
    ["another length", bent(22, [1, 1])],
    ["another content's hash", bent(24, [1, 2, 3, 4])],
    ["4 billion chunks announced", bent(56, [0xff, 0xff, 0xff, 0xff])],
    ["more chunks than there are", bent(56, [0, 0, 1, 0])],
    ["no chunks", Buffer.concat([bent(56, [0, 0, 0, 0]).subarray(0, 60)])],
    ["a chunk of 4 GiB", bent(60, [0xff, 0xff, 0xff, 0xff])],
    ["a chunk of length 0", bent(60, [0, 0, 0, 0])],
    ["a chunk that is shorter than a cut makes", bent(60, [0, 0, 4, 0])],
    ["lengths that do not add up", bent(-36, [0, 0, 0, 1])],
    ["a byte too few", makeIndex(content).subarray(0, -1)],
    ["a byte too many", Buffer.concat([makeIndex(content), Buffer.of(0)])],
  ])("%s", (_, bytes) => {
    expect(() => parseChunkIndex(bytes, known)).toThrow(expect.objectContaining({ code: "DELTA_INDEX_INVALID" }));
  });

  test("another version, under a code of its own", async () => {
    await expectRefused(
      Promise.resolve().then(() => parseChunkIndex(bent(8, [0, 0, 0, 2]), known)),
      "DELTA_INDEX_VERSION",
    );
  });

  test("any bytes: an index or a DeltaError, and an index that is taken adds up", () => {
    const good = Buffer.from(makeIndex(content));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, bytes) => {
        const copy = Buffer.from(good);
        copy.set(bytes.subarray(0, copy.length - at), at);
        try {
          const sum = lengthsOf(parseChunkIndex(copy, known)).reduce((total, length) => total + length, 0);
          expect(sum).toBe(content.length);
        } catch (error) {
          if (!DeltaError.is(error)) throw error;
        }
      }),
    );
  });
});

test.each([
  [1024 ** 2, 64 * 1024],
  [4 * 1024 ** 3 - 1, 64 * 1024],
  [4 * 1024 ** 3, 256 * 1024],
  [64 * 1024 ** 3 + 1, 512 * 1024],
  [2 ** 53 - 1, 4 * 1024 ** 2],
])("a content of %d bytes is cut into chunks of about %d", (length, wanted) => {
  expect(chooseAverage(length)).toBe(wanted);
});
