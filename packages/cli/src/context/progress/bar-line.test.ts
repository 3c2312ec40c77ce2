import { expect, test } from "vitest";
import { displayWidth } from "../screen/display-width.ts";
import { asciiStyle, barLine, describeLeft, unicodeStyle } from "./bar-line.ts";

const shown = { name: "app-1.4.tgz", transfer: { bytes: 47_400_000, totalBytes: 104_857_600 }, rate: 1_250_000 };

test("name, bar, percent, bytes of bytes, rate and time left on a terminal of 100 columns", () => {
  expect(barLine(shown, { ...asciiStyle, columns: 100 })).toBe(
    "app-1.4.tgz            ########-----------  45%    45.2 MiB of 100.0 MiB    1.2 MiB/s     0:46 left",
  );
});

test("a narrow terminal gets the name's ends and the percent", () => {
  const line = barLine({ ...shown, name: "a-very-long-name.tar.gz" }, { ...unicodeStyle, columns: 20 });
  expect(line).toBe("a-very…tar.gz  45%");
});

const names = ["app.tgz", "日本語の長い名前".repeat(4), "\u0301", "👩‍👩‍👧".repeat(20), `sha256:${"a".repeat(64)}`];
const figures = [
  { bytes: 0, totalBytes: undefined, rate: undefined },
  { bytes: 1023 * 1024, totalBytes: 1024 ** 2, rate: 1 },
  { bytes: 5, totalBytes: Number.MAX_SAFE_INTEGER, rate: 0.001 },
  { bytes: Number.MAX_SAFE_INTEGER, totalBytes: 1, rate: Number.MAX_SAFE_INTEGER },
];

test.each(names)("%s: no line is wider than its terminal, whatever the width and the figures", (name) => {
  for (const { rate, ...transfer } of figures) {
    for (let columns = 0; columns < 200; columns++) {
      for (const style of [asciiStyle, unicodeStyle]) {
        const line = barLine({ name, transfer, rate }, { ...style, columns });
        expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(0, columns - 1));
      }
    }
  }
});

test.each([
  [0.2, "0:01"],
  [65, "1:05"],
  [3723, "1:02:03"],
  [1e9, "> 99 hours"],
])("%d seconds are %s", (seconds, text) => {
  expect(describeLeft(seconds)).toBe(text);
});
