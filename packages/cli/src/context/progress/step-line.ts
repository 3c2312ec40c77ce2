/** A line for a log: how far a transfer is, each ten per cent. Pure. */
import { describeBytes } from "../time.ts";
import { describeSizes, percentOf } from "./bar-line.ts";
import type { Transfer } from "./transfers.ts";

/** Undefined until the transfer has got ten per cent further than `tenths` tenths. */
export function describeStep(
  { name, bytes, totalBytes, since }: Transfer,
  at: number,
  tenths: number,
): { readonly tenths: number; readonly line: string } | undefined {
  if (totalBytes === undefined) return undefined;
  const percent = percentOf(bytes, totalBytes);
  const reached = Math.floor(percent / 10);
  if (reached <= tenths) return undefined;
  const rate = at > since ? `, ${describeBytes(Math.round((bytes * 1000) / (at - since)))}/s` : "";
  return { tenths: reached, line: `${name} ${percent}%, ${describeSizes(bytes, totalBytes)}${rate}` };
}
