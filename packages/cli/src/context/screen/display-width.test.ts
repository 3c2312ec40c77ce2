import { expect, test } from "vitest";
import { displayWidth, padColumns, shortenMiddle } from "./display-width.ts";

test.each([
  ["app.tgz", 7],
  ["e\u0301", 1],
  ["日本語", 6],
  ["한글", 4],
  ["ｆｕｌｌ", 8],
  ["👩‍👩‍👧", 2],
  ["🇩🇪", 2],
  ["❤️", 2],
  ["é—…", 3],
])("%s is %i columns wide", (text, columns) => {
  expect(displayWidth(text)).toBe(columns);
});

test("what is too wide loses its middle, never half a character", () => {
  expect(shortenMiddle("a-very-long-name.tar.gz", 13, "…")).toBe("a-very…tar.gz");
  expect(shortenMiddle("日本語の長い名前", 8, "...")).toBe("日...前");
  expect(shortenMiddle("short", 5, "…")).toBe("short");
  expect(shortenMiddle("narrow", 2, "...")).toBe("na");
});

test.each(["app.tgz", "日本語の長い名前", "e\u0301".repeat(30), "👩‍👩‍👧 family", "❤️❤️❤️"])(
  "%s is never wider than it may be",
  (text) => {
    for (let columns = 0; columns < 40; columns++) {
      expect(displayWidth(padColumns(shortenMiddle(text, columns, "…"), columns))).toBe(columns);
    }
  },
);
