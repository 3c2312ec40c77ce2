/** Text laid out for a reader: no line is wider than the terminal. */
import { escapeText } from "@dtuf/registry/escape";
import type { Context } from "../command.ts";
import { paint, type Tone } from "../screen/colour.ts";
import { displayWidth, padColumns, shortenMiddle, splitColumns } from "../screen/display-width.ts";

export type { Tone };

/** Narrower than that nothing can be laid out: lines are broken by the terminal. */
const narrowest = 10;
/** Of a terminal that does not say how wide it is. */
const usual = 80;
const widthOf = (columns: number): number => Math.max(columns || usual, narrowest);
/** Text beside a label needs so much room, or it stands below it. */
const textLeast = 20;

export interface Row {
  /** What a terminal shows, in columns. */
  readonly cells: readonly string[];
  /** The same facts in one line, for a pipe. */
  readonly line: string;
  /** Colour on a terminal. */
  readonly tone?: Tone;
}

/** Columns on a terminal, a plain line for each row in a pipe. Names from elsewhere are escaped. */
export async function printRows({ io, terminal }: Context, rows: Iterable<Row>): Promise<void> {
  if (io.stdout.terminal === "pipe") {
    for (const { line } of rows) await terminal.print(escapeText(line));
    return;
  }
  const all = Array.from(rows);
  const cells = all.map((row) => row.cells);
  for (const [at, line] of layOutColumns(cells, io.stdout.columns).entries()) {
    await terminal.print(paint(line, all[at]?.tone, io));
  }
}

export interface Fact {
  readonly label: string;
  /** Colour of the text on a terminal. */
  readonly tone?: Tone;
  /** With relative times. */
  readonly shown: string;
  /** In a pipe, after the label and a colon; default: as shown. */
  readonly plain?: string;
}

/** Labels in a column of their own and the text beside them, broken between words; `label: text` in a pipe. */
export async function printFacts({ io, terminal }: Context, facts: readonly Fact[]): Promise<void> {
  if (io.stdout.terminal === "pipe") {
    for (const { label, shown, plain = shown } of facts) await terminal.print(escapeText(`${label}: ${plain}`));
    return;
  }
  const most = widthOf(io.stdout.columns);
  const width = Math.max(0, ...facts.map(({ label }) => displayWidth(label)));
  for (const { label, shown, tone } of facts) {
    const text = escapeText(shown);
    const lines =
      width + 2 + textLeast > most
        ? wrapText(`${label}: ${text}`, { columns: most, indent: 0 })
        : wrapText(text, { columns: most - width - 4, indent: 0 }).map(
            (line, at) => `${padColumns(at === 0 ? label : "", width)}  ${line}`,
          );
    for (const line of lines) await terminal.print(paint(line.trimEnd(), tone, io));
  }
}

export interface Wrapping {
  /** Of the terminal. */
  readonly columns: number;
  /** Before the first line; later lines have two more. */
  readonly indent: number;
}

/** Lines broken between words, and within a word that is longer than a line. */
export function wrapText(text: string, { columns, indent }: Wrapping): readonly string[] {
  const most = widthOf(columns) - indent - 2;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each) => splitColumns(each, most))) {
    if (line !== "" && displayWidth(line) + 1 + displayWidth(word) > most) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((each, at) => " ".repeat(at === 0 ? indent : indent + 2) + each);
}

/**
 * Rows as columns under each other, two spaces between them, names from elsewhere escaped. If the terminal is too narrow,
 * the widest columns are shortened in their middle.
 */
export function layOutColumns(rows: readonly (readonly string[])[], columns: number): readonly string[] {
  const shown = rows.map((row) => row.map(escapeText));
  const widths: number[] = [];
  for (const row of shown) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, displayWidth(cell));
  }
  const fitted = fitWidths(widths, widthOf(columns) - 2 * (widths.length - 1));
  const fit = (cell: string, at: number): string =>
    padColumns(shortenMiddle(cell, fitted[at] ?? 0, "..."), fitted[at] ?? 0);
  return shown.map((row) => row.map(fit).join("  ").trimEnd());
}

/** The widest give way first. */
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
