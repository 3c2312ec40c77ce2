/** Text laid out for a reader: never wider than the terminal. */
import { escapeText } from "@dtuf/registry/escape";

/** Narrower than that nothing can be laid out: lines are broken by the terminal. */
const narrowest = 10;

/** Characters that take two columns: Chinese, Japanese, Korean, and most pictures. */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
const noWidth = /\p{Mn}|\p{Me}|\u200B/u;

export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += noWidth.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

export interface Wrapping {
  /** Of the terminal. */
  readonly columns: number;
  /** Before the first line; later lines have two more. */
  readonly indent: number;
}

/** Lines broken between words; a word longer than a line stays whole. */
export function wrapText(text: string, { columns, indent }: Wrapping): readonly string[] {
  const most = Math.max(columns, narrowest);
  const lines: string[] = [];
  let line = " ".repeat(indent);
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > most) {
      lines.push(line);
      line = " ".repeat(indent + 2);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/**
 * Rows as columns under each other, two spaces between them, names from elsewhere escaped. If the terminal is too narrow,
 * the longest columns are cut, which `…` shows.
 */
export function layOutColumns(rows: readonly (readonly string[])[], columns: number): readonly string[] {
  const shown = rows.map((row) => row.map(escapeText));
  const widths = shown.reduce<readonly number[]>(
    (all, row) => row.map((cell, at) => Math.max(all[at] ?? 0, widthOf(cell))),
    [],
  );
  const fitted = fitWidths(widths, Math.max(columns, narrowest) - 2 * (widths.length - 1));
  return shown.map((row) =>
    row
      .map((cell, at) => padEnd(cutText(cell, fitted[at] ?? 0), fitted[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** The widest give way first; each keeps one column. */
function fitWidths(widths: readonly number[], most: number): readonly number[] {
  const sum = (cap: number): number => widths.reduce((all, width) => all + Math.min(width, cap), 0);
  let cap = Math.max(1, ...widths);
  while (cap > 1 && sum(cap) > most) cap -= 1;
  let rest = Math.max(0, most - sum(cap));
  return widths.map((width) => {
    const extra = width > cap && rest > 0 ? 1 : 0;
    rest -= extra;
    return Math.min(width, cap + extra);
  });
}

export function cutText(text: string, most: number): string {
  if (widthOf(text) <= most) return text;
  let [cut, width] = ["", 0];
  for (const character of text) {
    width += widthOf(character);
    if (width > most - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}
