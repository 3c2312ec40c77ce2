import { createHash, randomBytes } from "node:crypto";
import type { Chunk, ChunkIndex } from "@dtuf/delta";
import { expect, test } from "vitest";
import { createChunkFinder } from "./chunk-finder.ts";

function indexOf(chunks: readonly Chunk[]): ChunkIndex {
  const chunk = (number: number): Chunk => chunks[number] ?? chunkOf(number, new Uint8Array(32));
  return { average: 4096, length: chunks.length * 4096, sha256: "", count: chunks.length, chunk };
}
const chunkOf = (number: number, sha256: Uint8Array): Chunk => ({ offset: number * 4096, length: 4096, sha256 });

test.each([0, 1, 2, 3, 1000])("each of %i chunks is found, and no other", (count) => {
  const chunks = Array.from({ length: count }, (_, number) => chunkOf(number, randomBytes(32)));
  const find = createChunkFinder(indexOf(chunks));
  expect(chunks.map((chunk) => find({ ...chunk, offset: 0 })?.offset)).toEqual(chunks.map(({ offset }) => offset));
  expect(find(chunkOf(0, randomBytes(32)))).toBeUndefined();
  expect(chunks.map((chunk) => find({ ...chunk, length: 4095 }))).toEqual(chunks.map(() => undefined));
});

test("of equal chunks the first is found, however many there are", () => {
  const zeros = createHash("sha256").update(Buffer.alloc(4096)).digest();
  const other = chunkOf(20_000, randomBytes(32));
  const find = createChunkFinder(indexOf([...Array.from({ length: 20_000 }, (_, at) => chunkOf(at, zeros)), other]));
  expect([find(chunkOf(5, zeros))?.offset, find(other)?.offset]).toEqual([0, other.offset]);
});

test("an index whose hashes all begin alike does not make the search long, and gives no wrong chunk", () => {
  let compared = 0;
  const chunk = (number: number): Chunk => {
    compared += 1;
    const sha256 = Buffer.alloc(32);
    sha256.writeUInt32BE(number, 28);
    return chunkOf(number, sha256);
  };
  const counted = { ...indexOf([]), count: 100_000, chunk };
  const find = createChunkFinder(counted);
  expect(compared).toBeLessThan(100_000 * 66);
  const last = chunkOf(99_999, Buffer.from([...new Uint8Array(28), 0, 1, 0x86, 0x9f]));
  expect([undefined, last.offset]).toContain(find(last)?.offset);
});
