/** One line of a progress report, as wide as it may be. Pure. */
import { describeBytes } from "../time.ts";
import { padColumns, shortenMiddle } from "../screen/display-width.ts";
import type { Transfer } from "./transfers.ts";

export interface LineStyle {
  /** Of the terminal. The last of them stays free, because some terminals break the line behind it. */
  readonly columns: number;
  readonly done: string;
  readonly rest: string;
  readonly ellipsis: string;
}

export const asciiStyle: Omit<LineStyle, "columns"> = { done: "#", rest: "-", ellipsis: "..." };
export const unicodeStyle: Omit<LineStyle, "columns"> = { done: "━", rest: "╌", ellipsis: "…" };

const nameLeast = 12;
const nameMost = 40;
const barLeast = 8;
const barMost = 30;

export interface Shown {
  /** Escaped. */
  readonly name: string;
  readonly transfer: Pick<Transfer, "bytes" | "totalBytes">;
  /** Bytes a second. */
  readonly rate: number | undefined;
}

/** Lines of one style have the same columns, so that they stand below each other. */
export function barLine(shown: Shown, style: LineStyle): string {
  const room = Math.max(0, style.columns - 1);
  const figures = figuresOf(shown);
  const chosen: string[] = [];
  let left = room - nameLeast;
  let bar = 0;
  for (const [index, figure] of figures.entries()) {
    if (left < figure.length + 1) break;
    chosen.push(figure);
    left -= figure.length + 1;
    if (index === 1 && left > barLeast) left -= bar = barLeast + 1;
  }
  const nameWidth = Math.max(0, Math.min(nameMost, nameLeast + Math.floor(left / 2), room - widthOf(chosen) - bar));
  if (bar > 0) bar = Math.min(barMost, room - nameWidth - widthOf(chosen) - 1);
  if (chosen.length === 0) return shortenMiddle((figures[0] ?? "").trim(), room, "");
  const name = padColumns(shortenMiddle(shown.name, nameWidth, style.ellipsis), nameWidth);
  return [name, ...(bar > 0 ? [drawBar(shown, bar, style)] : []), ...chosen].join(" ");
}

function widthOf(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + part.length + 1, 0);
}

/** The most important first: percent, bytes of bytes, rate, time left. */
function figuresOf({ transfer, rate }: Shown): readonly string[] {
  const { bytes, totalBytes } = transfer;
  const percent = totalBytes === undefined ? "    " : `${String(percentOf(bytes, totalBytes)).padStart(3)}%`;
  const left = rate === undefined || rate <= 0 || totalBytes === undefined ? undefined : (totalBytes - bytes) / rate;
  return [
    percent,
    describeSizes(bytes, totalBytes).padStart(24),
    (rate === undefined ? "" : `${describeBytes(Math.round(rate))}/s`).padStart(12),
    (left === undefined ? "" : `${describeLeft(left)} left`).padStart(13),
  ];
}

export function percentOf(bytes: number, totalBytes: number): number {
  return totalBytes === 0 ? 100 : Math.min(100, Math.floor((bytes / totalBytes) * 100));
}

export function describeSizes(bytes: number, totalBytes: number | undefined): string {
  return totalBytes === undefined ? describeBytes(bytes) : `${describeBytes(bytes)} of ${describeBytes(totalBytes)}`;
}

/** `0:07`, `1:02:03`; what takes days is not told to the second. */
export function describeLeft(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole >= 100 * 3600) return "> 99 hours";
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function drawBar({ transfer }: Shown, width: number, { done, rest }: LineStyle): string {
  const { bytes, totalBytes } = transfer;
  const filled = totalBytes === undefined ? 0 : Math.floor((width * percentOf(bytes, totalBytes)) / 100);
  return done.repeat(filled) + rest.repeat(width - filled);
}
