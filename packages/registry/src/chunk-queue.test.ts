import { describe, expect, test } from "vitest";
import { createChunkQueue } from "./chunk-queue.ts";
import { freeChunk } from "./content.ts";
import { collect } from "./verifying.ts";

/** `length` bytes in memory of `memory` bytes. */
function cut(length: number, memory: number, value = 1): Uint8Array {
  return new Uint8Array(memory).fill(value).subarray(0, length);
}

function drain(queue: ReturnType<typeof createChunkQueue>): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) all.push(next);
  return all;
}

describe("a queue of chunks", () => {
  test("gives every byte once and in order, however pushes and shifts are mixed", () => {
    const queue = createChunkQueue();
    const lengths = [1, 4096, 3, 70_000, 1, 1, 65_535, 2, 5000, 0, 9];
    const [pushed, shifted]: [Uint8Array[], Uint8Array[]] = [[], []];
    for (let round = 0; round < 200; round += 1) {
      const length = lengths[round % lengths.length] ?? 0;
      const chunk = cut(length, length * (1 + (round % 4)), round);
      pushed.push(Uint8Array.from(chunk));
      queue.push(chunk);
      if (round % 3 === 0) shifted.push(Uint8Array.from(queue.shift() ?? []));
    }
    shifted.push(...drain(queue));
    expect(Buffer.concat(shifted).equals(Buffer.concat(pushed))).toBe(true);
  });

  test("holds at most twice the bytes that wait, and few chunks, if all are tiny", () => {
    const queue = createChunkQueue();
    for (let count = 0; count < 10_000; count += 1) queue.push(cut(10, 10_000));
    const all = drain(queue);
    expect(all.length).toBeLessThan(10);
    expect(all.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)).toBeLessThan(2 * 100_000 + 1);
  });

  test("passes a large chunk on as it is, and leaves it to its owner", () => {
    const queue = createChunkQueue();
    const [large, small] = [cut(5000, 5000, 1), cut(1, 1, 2)];
    queue.push(large);
    expect(queue.shift()).toBe(large);
    queue.push(large);
    queue.push(small);
    for (const chunk of drain(queue)) freeChunk(chunk);
    expect([large.length, small.length, large.at(-1)]).toEqual([5000, 1, 1]);
  });
});

test("what is collected from very many chunks of one byte takes about their bytes meanwhile", async () => {
  let most = 0;
  const before = process.memoryUsage().rss;
  const stream = (async function* () {
    for (let count = 0; count < 400_000; count += 1) {
      if (count % 50_000 === 0) most = Math.max(most, process.memoryUsage().rss - before);
      yield Uint8Array.of(count);
    }
  })();
  const bytes = await collect(stream, 400_000);
  expect([bytes.length, bytes[257]]).toEqual([400_000, 1]);
  // 3 MiB; with an array of chunks 185.
  expect(most).toBeLessThan(100 * 1024 * 1024);
}, 60_000);
