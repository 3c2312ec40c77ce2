/** The colours of the page, for light and for dark screens, and which stand on which: a test computes their contrast. */

export const light = {
  paper: "#ffffff",
  card: "#f6f7f9",
  line: "#d8dde3",
  ink: "#17202b",
  muted: "#4f5d6d",
  link: "#0b57a8",
  good: "#14663a",
  goodField: "#e8f5ed",
  soon: "#7a4b00",
  soonField: "#fdf3dc",
  bad: "#a11d1d",
  badField: "#fdecec",
  plain: "#3d4a5a",
  plainField: "#eef1f5",
  goodBar: "#3d9467",
  soonBar: "#b07a1c",
  badBar: "#c74444",
} as const;

export type Colour = keyof typeof light;

export const dark: Readonly<Record<Colour, string>> = {
  paper: "#12171d",
  card: "#1a2129",
  line: "#343e4a",
  ink: "#e7ecf2",
  muted: "#a3b0be",
  link: "#8cc0f5",
  good: "#86d9a8",
  goodField: "#14291e",
  soon: "#f0c674",
  soonField: "#2e2412",
  bad: "#ff9d9d",
  badField: "#341a1c",
  plain: "#c3ccd7",
  plainField: "#222b35",
  goodBar: "#4fae7c",
  soonBar: "#cf9a3a",
  badBar: "#e06b6b",
};

/** Text on its ground: at least 4.5 to 1 (WCAG 2, AA). */
export const textPairs: readonly (readonly [text: Colour, ground: Colour])[] = [
  ["ink", "paper"],
  ["ink", "card"],
  ["muted", "paper"],
  ["muted", "card"],
  ["link", "paper"],
  ["link", "card"],
  ["good", "goodField"],
  ["soon", "soonField"],
  ["bad", "badField"],
  ["plain", "plainField"],
  ["ink", "goodField"],
  ["ink", "soonField"],
  ["ink", "badField"],
  ["ink", "plainField"],
  ["muted", "goodField"],
  ["muted", "soonField"],
  ["muted", "badField"],
  ["muted", "plainField"],
];

/** What is drawn on its ground: at least 3 to 1. */
export const drawnPairs: readonly (readonly [drawn: Colour, ground: Colour])[] = [
  ["goodBar", "paper"],
  ["soonBar", "paper"],
  ["badBar", "paper"],
  ["good", "goodField"],
  ["soon", "soonField"],
  ["bad", "badField"],
  ["link", "paper"],
];

export function encodeColours(colours: Readonly<Record<Colour, string>>): string {
  return Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");
}
