import { randomBytes } from "node:crypto";
import { createHash } from "node:crypto";
import { expectRefused } from "@dtuf/testing/expect-refused";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createIndexMaker, DeltaError, parseChunkIndex, verifyingChunks } from "./index.ts";

const content = randomBytes(120_000);
const maker = createIndexMaker({ average: 4096 });
maker.update(content);
const index = parseChunkIndex(maker.finish() ?? new Uint8Array(), {
  length: content.length,
  sha256: createHash("sha256").update(content).digest("hex"),
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The chunks before the error, and the error. */
async function read(bytes: Uint8Array, size = 5000): Promise<{ given: Buffer; error?: unknown }> {
  const given: Uint8Array[] = [];
  try {
    for await (const chunk of verifyingChunks(pieces(bytes, size), index)) given.push(Uint8Array.from(chunk));
    return { given: Buffer.concat(given) };
  } catch (error) {
    return { given: Buffer.concat(given), error };
  }
}

test.each([1, 999, 5000, 200_000])("the content arrives whole, in pieces of %i bytes", async (size) => {
  expect(await read(content, size)).toEqual({ given: content });
});

test("a content that begins at a later chunk is verified from there", async () => {
  const { offset } = index.chunk(5);
  const given: Uint8Array[] = [];
  for await (const chunk of verifyingChunks(pieces(content.subarray(offset), 1000), index, 5)) given.push(chunk);
  expect(Buffer.concat(given)).toEqual(content.subarray(offset));
});

test("a wrong content: the chunks before the wrong one come, and then it throws", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
      const wrong = Buffer.from(content);
      wrong.writeUInt8((wrong[at] ?? 0) ^ bits, at);
      const { given, error } = await read(wrong);
      expect(given.equals(content.subarray(0, given.length))).toBe(true);
      expect(given.length).toBeLessThanOrEqual(at);
      expect(DeltaError.is(error) && error.code).toBe("DELTA_CHUNK_DIFFERS");
    }),
  );
});

test.each([
  ["a byte too few", content.subarray(0, -1)],
  ["nothing", new Uint8Array()],
  ["a byte too many", Buffer.concat([content, Buffer.of(0)])],
])("%s is refused", async (_, bytes) => {
  const { given, error } = await read(bytes);
  expect(given.equals(content.subarray(0, given.length))).toBe(true);
  await expectRefused(Promise.reject(error), "DELTA_LENGTH_DIFFERS");
});
