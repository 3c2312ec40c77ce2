import { describe, expect, test } from "vitest";
import { freeChunk, freeing, observed, openContent, withOwnMemory } from "./content.ts";
import { createDigester, digestOf } from "./oci/digest.ts";
import { collect } from "./verifying.ts";

test("observers see every byte once and in order, before the reader gets it", async () => {
  const bytes = Buffer.from("content that several look at");
  const digester = createDigester();
  const lengths: number[] = [];
  const counter = { update: ({ length }: Uint8Array): unknown => lengths.push(length) };
  const stream = observed(openContent(bytes), [digester, counter]);
  expect(await collect(stream, 100)).toEqual(bytes);
  expect(lengths).toEqual([bytes.length]);
  expect(digester.digest()).toBe(digestOf(bytes));
});

test("an observer's error ends the reading before its chunk is passed on", async () => {
  const failing = {
    update: (): void => {
      throw new TypeError("enough");
    },
  };
  const passed: Uint8Array[] = [];
  const reading = async (): Promise<void> => {
    for await (const chunk of observed(openContent(Buffer.from("x")), [failing])) passed.push(chunk);
  };
  await expect(reading()).rejects.toThrow("enough");
  expect(passed).toEqual([]);
});

const chunk = (): Uint8Array => Uint8Array.of(1, 2, 3, 4);

describe("a chunk that has its memory to itself", () => {
  test("has no bytes when its last reader has freed it", () => {
    const own = withOwnMemory(chunk());
    freeChunk(own);
    expect(own).toHaveLength(0);
    freeChunk(own);
  });

  test("is freed when the next one is asked for, not before", async () => {
    const [first, second] = [withOwnMemory(chunk()), withOwnMemory(chunk())];
    const stream = freeing(
      (async function* () {
        yield* [first, second];
      })(),
    )[Symbol.asyncIterator]();
    await stream.next();
    expect(first).toHaveLength(4);
    await stream.next();
    expect([first.length, second.length]).toEqual([0, 4]);
  });
});

describe("memory that is not one chunk's alone is never freed:", () => {
  test("of a chunk whose maker did not say so, such as that of another program's store", () => {
    const foreign = chunk();
    freeChunk(foreign);
    expect(foreign).toHaveLength(4);
  });

  test("of a part of a chunk, because the rest may still be read", () => {
    const own = withOwnMemory(chunk());
    freeChunk(own.subarray(1));
    expect(own).toHaveLength(4);
  });

  test("of an empty chunk, which may be a constant that is used again", () => {
    const empty = withOwnMemory(new Uint8Array());
    freeChunk(empty);
    expect(empty.buffer.detached).toBe(false);
  });

  test("of a chunk that lies in memory with others", () => {
    const shared = new Uint8Array(8);
    freeChunk(withOwnMemory(shared.subarray(0, 4)));
    expect(shared).toHaveLength(8);
  });
});
