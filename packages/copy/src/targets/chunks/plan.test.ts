/** The plan of a target, as a value. */
import { createIndexMaker, parseChunkIndex, type Chunk, type ChunkIndex } from "@dtuf/delta";
import { digestOf } from "@dtuf/registry";
import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { rangesMax, requestCostBytes } from "../../limits.ts";
import { costOf } from "../ways.ts";
import { isCheaper, planChunks, planRest } from "./plan.ts";

const content = randomBytes(2_000_000);
const index = indexOf(content);
const digest = digestOf(content);
const parts = [{ digest, size: content.length }];
const all = Array.from({ length: index.count }, (_, number) => index.chunk(number));

function indexOf(bytes: Uint8Array): ChunkIndex {
  const maker = createIndexMaker({ average: 4096 });
  maker.update(bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return parseChunkIndex(maker.finish() ?? expect.fail("no index"), { length: bytes.length, sha256 });
}

/** Which chunks are missing, by their numbers. */
function plan(missing: (number: number) => boolean, present = 0): ReturnType<typeof planChunks> {
  const isInSeed = ({ offset }: Chunk): boolean => !missing(numberAt(offset));
  return planChunks(index, { isPresent: (number) => number < present, parts, isInSeed, ...uncut });
}

const uncut = { runBytes: Infinity, firstRunBytes: Infinity };

const numberAt = (offset: number): number => all.findIndex((chunk) => chunk.offset === offset);
const last = index.count - 1;

test("if nothing is missing, nothing is fetched", () => {
  expect(plan(() => false)).toEqual({ runs: [], ranges: [], fetchedBytes: 0, requests: 0, seedBytes: content.length });
});

test("if everything is missing, chunks are not cheaper than the whole", () => {
  const rest = planRest(parts, 0);
  expect(rest).toEqual({ fetchedBytes: content.length, requests: 1 });
  expect(plan(() => true)).toMatchObject(rest);
  expect(
    isCheaper(
      plan(() => true),
      rest,
    ),
  ).toBe(false);
});

test("a gap is fetched too if that costs less than a request, and else it is not", () => {
  const far = all.find(({ offset }) => offset > index.chunk(1).offset + requestCostBytes)?.offset ?? 0;
  const near = plan((number) => number === 0 || number === 2);
  expect(near.ranges).toEqual([{ from: 0, to: index.chunk(3).offset }]);
  expect(near.fetchedBytes + near.seedBytes).toBe(content.length);
  const apart = plan((number) => number === 0 || number === numberAt(far));
  expect(apart).toMatchObject({ requests: 2, runs: [{ first: 0, last: 0 }, { first: numberAt(far) }] });
});

test("what is present is neither fetched nor taken from a seed", () => {
  const { fetchedBytes, seedBytes } = plan((number) => number === 0 || number === last, last - 1);
  expect(fetchedBytes).toBe(index.chunk(last).length);
  expect(seedBytes).toBe(index.chunk(last - 1).length);
});

test("a range does not cross the border of two blobs", () => {
  const border = index.chunk(2).offset + 100;
  const two = [
    { digest, size: border },
    { digest, size: content.length - border },
  ];
  const { ranges, requests } = planChunks(index, {
    ...uncut,
    isPresent: () => false,
    parts: two,
    isInSeed: ({ offset }) => offset > border,
  });
  const to = index.chunk(3).offset;
  expect({ ranges, requests }).toEqual({
    ranges: [
      { from: 0, to: border },
      { from: border, to },
    ],
    requests: 2,
  });
  expect(planRest(two, border)).toEqual({ fetchedBytes: content.length - border, requests: 1 });
});

test("the cheapest way is taken: bytes, and a constant for each request", () => {
  const rest = { fetchedBytes: 1_000_000, requests: 1 };
  const chunks = { runs: [], ranges: [], seedBytes: 0 };
  const most = 1_000_000 - 2 * requestCostBytes;
  expect(isCheaper({ ...chunks, fetchedBytes: most - 1, requests: 3 }, rest)).toBe(true);
  expect(isCheaper({ ...chunks, fetchedBytes: most, requests: 3 }, rest)).toBe(false);
  expect(costOf(rest)).toBe(1_000_000 + requestCostBytes);
  const many = Array.from({ length: rangesMax + 1 }, () => ({ from: 0, to: 1 }));
  expect(isCheaper({ ...chunks, ranges: many, fetchedBytes: 0, requests: 1 }, rest)).toBe(false);
});
