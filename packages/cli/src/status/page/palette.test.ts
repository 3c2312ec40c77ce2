import { describe, expect, test } from "vitest";
import { dark, drawnPairs, light, textPairs, type Colour } from "./palette.ts";
import { style } from "./style.ts";

const screens = [
  ["light", light],
  ["dark", dark],
] as const;

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((value) =>
    value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (bright + 0.05) / (dim + 0.05);
}

test("contrast is that of the standard: black on white is 21 to 1", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 1);
});

describe.each(screens)("on a %s screen", (_name, colours: Readonly<Record<Colour, string>>) => {
  test.each(textPairs)("text of the colour %s can be read on %s (4.5 to 1)", (text, ground) => {
    expect(contrast(colours[text], colours[ground])).toBeGreaterThanOrEqual(4.5);
  });

  test.each(drawnPairs)("what is drawn in %s can be seen on %s (3 to 1)", (drawn, ground) => {
    expect(contrast(colours[drawn], colours[ground])).toBeGreaterThanOrEqual(3);
  });
});

test("the style sheet names no colour that is not in the palette", () => {
  const own = new Set([...Object.values(light), ...Object.values(dark)]);
  expect(
    [...style.matchAll(/#[0-9a-f]{3,8}\b/g)].map(([colour]) => colour).filter((each) => !own.has(each as never)),
  ).toEqual([]);
  expect(style).not.toMatch(/rgb|hsl|url\(|@import|expression|-moz-binding/);
});
