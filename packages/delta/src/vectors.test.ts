import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createIndexMaker } from "./index.ts";

/**
 * Vectors let other implementations verify theirs: content, and its index byte for byte.
 * DTUF_WRITE_VECTORS=1 writes them again; a change of one is a change of the format.
 */
const file = new URL("./vectors/chunk-index.json", import.meta.url);

/** SHA-256 of `vector` and a decimal number from 0 on, one after the other, cut to the length. */
function counted(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, at) =>
    createHash("sha256").update(`vector${at}`).digest(),
  );
  return Buffer.concat(blocks, length);
}

const contents: Readonly<Record<string, Buffer>> = {
  "counted 5": counted(5),
  "counted 1024": counted(1024),
  "counted 200000": counted(200_000),
  "counted 3000000": counted(3_000_000),
  "zeros 50000": Buffer.alloc(50_000),
};

const cases: readonly (readonly [string, number])[] = [
  ["counted 5", 4096],
  ["counted 1024", 4096],
  ["counted 200000", 4096],
  ["counted 3000000", 65_536],
  ["zeros 50000", 4096],
];

test("the index of each vector is that of the file, byte for byte [format 13]", () => {
  const made = cases.map(([content, average]) => {
    const maker = createIndexMaker({ average });
    maker.update(contents[content] ?? Buffer.alloc(0));
    return { content, average, index: Buffer.from(maker.finish() ?? []).toString("hex") };
  });
  if (process.env["DTUF_WRITE_VECTORS"] === "1") writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(made);
});
