import { expect, test } from "vitest";
import { observed, openContent } from "./content.ts";
import { createDigester, digestOf } from "./digest.ts";
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
