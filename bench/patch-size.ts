/** Sizes of the patch between two files: `node --conditions=@dtuf/source bench/patch-size.ts OLD NEW`. */
import { readFileSync } from "node:fs";
import { chooseAverage, createIndexMaker, encodeSegment, parseChunkIndex, planSegments } from "@dtuf/delta";
import { createHash } from "node:crypto";

const [oldPath = "", newPath = ""] = process.argv.slice(2);
const [old, content] = [readFileSync(oldPath), readFileSync(newPath)];

function indexOf(bytes: Buffer) {
  const maker = createIndexMaker({ average: chooseAverage(content.length) });
  maker.update(bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return parseChunkIndex(maker.finish() ?? new Uint8Array(), { length: bytes.length, sha256 });
}

const started = performance.now();
const sums = { all: 0, prefix: 0, differences: 0, earlier: 0 };
for (const { offset, length, windowOffset, windowLength } of planSegments(indexOf(content), indexOf(old)) ?? []) {
  const window = old.subarray(windowOffset, windowOffset + windowLength);
  const { coding, coded } = await encodeSegment({ window, content: content.subarray(offset, offset + length) });
  sums.all += coded.length;
  sums[coding] += 1;
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
const memory = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(
  `${content.length} bytes; patch ${sums.all}: ${((100 * sums.all) / content.length).toFixed(2)} %`,
  sums,
  `${seconds} s, ${memory} MiB with both files`,
);
