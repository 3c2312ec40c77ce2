import { createHash, randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { expectRefused } from "@dtuf/testing/expect-refused";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeSegment, DeltaError } from "../index.ts";
import { encodeNumbers } from "./numbers.ts";
import { encodeSteps, type Step } from "./steps.ts";

const hash = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const sumOf = (steps: readonly Step[], of: keyof Step): number => steps.reduce((sum, step) => sum + step[of], 0);
const foldSign = (seek: number): number => (seek < 0 ? -2 * seek - 1 : 2 * seek);

/** Unsigned LEB128; a long one has a byte of 0 more than it needs. */
function plainNumber(number: number, isLong: boolean): Buffer {
  const groups = number
    .toString(2)
    .padStart(7 * Math.ceil(number.toString(2).length / 7), "0")
    .match(/.{7}/g);
  const bytes = [...(isLong ? ["0000000"] : []), ...(groups ?? [])].toReversed();
  return Buffer.from(bytes.map((bits, at) => Number.parseInt(`${at < bytes.length - 1 ? 1 : 0}${bits}`, 2)));
}

interface PlainStreams {
  readonly window: Uint8Array;
  readonly differences: Uint8Array;
  readonly fresh: Uint8Array;
}

/** As docs/format.md has it, byte by byte; undefined if a copy lies outside the window. */
function plainContent(steps: readonly Step[], { window, differences, fresh }: PlainStreams): Buffer | undefined {
  const content: number[] = [];
  let [place, summed, taken] = [0, 0, 0];
  for (const step of steps) {
    place += step.seek;
    for (let byte = 0; byte < step.copied; byte += 1, place += 1, summed += 1) {
      const old = window[place];
      if (old === undefined) return undefined;
      content.push((old + (differences[summed] ?? 0)) % 256);
    }
    for (let byte = 0; byte < step.fresh; byte += 1, place += 1, taken += 1) content.push(fresh[taken] ?? 0);
  }
  return Buffer.from(content);
}

describe("a segment of copies and new bytes", () => {
  test("is refused if its frame does not say its length, because zstd would take 16 MiB for it", async () => {
    const content = Buffer.alloc(1000, "content");
    const params = { [zlib.constants.ZSTD_c_contentSizeFlag]: 0, [zlib.constants.ZSTD_c_windowLog]: 24 };
    const wanted = { offset: 0, length: content.length, sha256: hash(content) };
    const silent = zlib.zstdCompressSync(content, { params });
    const [control, hidden] = [
      encodeSteps([{ seek: 0, copied: 0, fresh: content.length }]),
      zlib.zstdDecompressSync(silent),
    ];
    expect(content.equals(hidden)).toBe(true);
    const differences = Buffer.concat([encodeNumbers([1, control.length, control.length, 0]), control, silent]);
    for (const [coding, coded] of [
      ["prefix", silent],
      ["earlier", silent],
      ["differences", differences],
    ] as const)
      await expectRefused(decodeSegment({ ...wanted, coding }, coded, new Uint8Array()), "DELTA_SEGMENT_DIFFERS");
  });

  test("gives what the plain words of the format say, or is refused where they refuse it [format 13]", async () => {
    const window = randomBytes(200);
    const number = fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 12 }) }, fc.nat({ max: 260 }));
    const step = fc.record({ seek: fc.integer({ min: -150, max: 220 }), copied: number, fresh: number });
    let [given, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        async (steps, hasSums, isLong) => {
          const sums = { copied: sumOf(steps, "copied"), fresh: sumOf(steps, "fresh") };
          fc.pre(sums.copied + sums.fresh > 0);
          const differences = hasSums ? randomBytes(sums.copied) : new Uint8Array();
          const fresh = randomBytes(sums.fresh);
          const control = Buffer.concat(
            (["seek", "copied", "fresh"] as const).flatMap((name) =>
              steps.map((each) => plainNumber(name === "seek" ? foldSign(each.seek) : each[name], isLong)),
            ),
          );
          fc.pre(control.length <= 15 * steps.length);
          const header = [steps.length, control.length, control.length, differences.length];
          const coded = Buffer.concat([
            ...header.map((each) => plainNumber(each, isLong)),
            control,
            differences,
            fresh,
          ]);
          const content = plainContent(steps, { window, differences, fresh });
          const wanted = { coding: "differences", offset: 0, length: sums.copied + sums.fresh } as const;
          const sha256 = hash(content ?? Buffer.alloc(0));
          const found = await decodeSegment({ ...wanted, sha256 }, coded, window).catch((error: unknown) => error);
          if (content === undefined) refused += 1;
          else given += 1;
          const outcome = DeltaError.is(found) ? found.code : content?.equals(found as Uint8Array);
          expect(outcome).toBe(content === undefined ? "DELTA_SEGMENT_DIFFERS" : true);
        },
      ),
      { numRuns: 500 },
    );
    expect([given > 20, refused > 20]).toEqual([true, true]);
  });
});
