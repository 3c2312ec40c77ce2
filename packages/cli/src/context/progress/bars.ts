/** Bars at the bottom of a terminal: one for each transfer that lasts, and one for all of them together. */
import type { Io } from "../io.ts";
import type { Screen } from "../screen/screen.ts";
import { asciiStyle, barLine, unicodeStyle } from "./bar-line.ts";
import { isUnicode } from "../screen/show-text.ts";
import { rateOf, type Transfer } from "./transfers.ts";

export interface Drawing {
  readonly moving: readonly Transfer[];
  /** Undefined if there is only one transfer. */
  readonly whole: Transfer | undefined;
  /** Younger transfers have no bar of their own. */
  readonly leastAgeMs: number;
}

const linesMost = 8;

export function drawBars({ screen, io }: { readonly screen: Screen; readonly io: Io }, drawing: Drawing): void {
  const { moving, whole, leastAgeMs } = drawing;
  const now = io.now().getTime();
  // In CJK locales some terminals show box-drawing characters two columns wide.
  const isPlain =
    !isUnicode(io) || /^(?:ja|ko|zh)/.test(io.env["LC_ALL"] || io.env["LC_CTYPE"] || io.env["LANG"] || "");
  const style = { ...(isPlain ? asciiStyle : unicodeStyle), columns: io.stderr.columns };
  const room = Math.max(1, Math.min(linesMost, io.stderr.rows - 2));
  const lasting = moving.filter(({ since }) => now - since >= leastAgeMs);
  const lines = lasting
    .slice(0, whole === undefined ? room : room - 1)
    .map((transfer) => barLine({ name: transfer.name, transfer, rate: rateOf(transfer, now) }, style));
  if (whole !== undefined) {
    const rates = moving.flatMap((each) => (each.step === "hash" ? [] : (rateOf(each, now) ?? [])));
    const rate = rates.length === 0 ? undefined : rates.reduce((sum, each) => sum + each, 0);
    lines.push(barLine({ name: whole.name, transfer: whole, rate }, style));
  }
  screen.draw(lines);
}
