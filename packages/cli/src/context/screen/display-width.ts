/** How many columns of a terminal a text takes, and texts that are made to fit. */

let segmenter: Intl.Segmenter | undefined;

/** Made when it is needed, because making it takes as long as all the rest of a start. */
function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

/** Ranges of East Asian Width W and F, a little rounded up: a text may be thought wider than it is, never narrower. */
const wide =
  /[\u{1100}-\u{115f}\u{231a}\u{231b}\u{2329}\u{232a}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{a960}-\u{a97f}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe10}-\u{fe19}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{16fe0}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\u{fe0f}/u;
const onlyMarks = /^[\p{Mn}\p{Me}\p{Cf}]*$/u;
const plain = /^[\x20-\x7e]*$/;

/** In columns. The text has no control characters: escape it before. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemesOf(text)) columns += graphemeWidth(segment);
  return columns;
}

function graphemeWidth(grapheme: string): number {
  if (onlyMarks.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

/** At most `columns` wide: what is too much is taken out of the middle, because names differ at their ends. */
export function shortenMiddle(text: string, columns: number, ellipsis: string): string {
  if (displayWidth(text) <= columns) return text;
  const room = columns - ellipsis.length;
  if (room < 2) return takeColumns(text, columns);
  const end = takeColumns([...graphemesOf(text)].map(({ segment }) => segment).toReversed(), Math.floor(room / 2));
  return `${takeColumns(text, Math.ceil(room / 2))}${ellipsis}${end}`;
}

/** The beginning of a text; or of reversed graphemes, put in order again. */
function takeColumns(text: string | readonly string[], columns: number): string {
  const isText = typeof text === "string";
  const taken: string[] = [];
  let left = columns;
  for (const one of isText ? Array.from(graphemesOf(text), ({ segment }) => segment) : text) {
    left -= graphemeWidth(one);
    if (left < 0) break;
    taken.push(one);
  }
  return (isText ? taken : taken.toReversed()).join("");
}

/** With spaces behind it. */
export function padColumns(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

/** The text in pieces of at most `columns`, none of them half a character. */
export function splitColumns(text: string, columns: number): readonly string[] {
  if (displayWidth(text) <= columns) return [text];
  const pieces = [""];
  let width = 0;
  for (const { segment } of graphemesOf(text)) {
    width += graphemeWidth(segment);
    if (width > columns) {
      pieces.push("");
      width = graphemeWidth(segment);
    }
    pieces[pieces.length - 1] = `${pieces.at(-1) ?? ""}${segment}`;
  }
  return pieces;
}
