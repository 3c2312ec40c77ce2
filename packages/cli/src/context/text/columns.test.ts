import fc from "fast-check";
import { expect, test } from "vitest";
import { displayWidth } from "../screen/display-width.ts";
import { layOutColumns, wrapText } from "./columns.ts";

test("columns stand under each other, and names from elsewhere are escaped", () => {
  const rows = [
    ["root", "1", "in 3 days"],
    ["日本", "12", "a\x1b[2J"],
  ];
  expect(layOutColumns(rows, 80)).toEqual(["root  1   in 3 days", "日本  12  a\\u{1b}[2J"]);
});

test("a terminal that does not say how wide it is has 80 columns", () => {
  expect(layOutColumns([["abc", "a long long text"]], 0)).toEqual(["abc  a long long text"]);
  expect(wrapText("some words that fit in a line", { columns: 0, indent: 0 })).toHaveLength(1);
});

test("the widest column is shortened first", () => {
  expect(layOutColumns([["abc", "a long long text"]], 14)).toEqual(["abc  a l...ext"]);
});

test("no line is wider than a terminal of 10 columns or more, with any names in up to four columns", () => {
  const rows = fc
    .integer({ min: 1, max: 4 })
    .chain((count) =>
      fc.array(fc.array(fc.string({ unit: "grapheme" }), { minLength: count, maxLength: count }), { minLength: 1 }),
    );
  fc.assert(
    fc.property(rows, fc.integer({ min: 10, max: 100 }), (given, columns) => {
      expect(Math.max(...layOutColumns(given, columns).map(displayWidth))).toBeLessThanOrEqual(columns);
    }),
  );
});

test("text is broken between words, and a word longer than a line within", () => {
  expect(wrapText("cause: one two three", { columns: 14, indent: 2 })).toEqual(["  cause: one", "    two three"]);
  expect(wrapText("a extraordinarily b", { columns: 10, indent: 0 })).toEqual(["a", "  extraord", "  inarily", "  b"]);
});
