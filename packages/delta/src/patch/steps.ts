/** What a segment is put together from: copies of its window, and new bytes. docs/format.md gives the bytes. */
import { freeBytes } from "./free-bytes.ts";
import { createNumberReader, encodeNumbers, numberMaxBytes } from "./numbers.ts";
import type { DeltaError } from "../errors.ts";

/**
 * First a copy of `copied` bytes of the window, then `fresh` new bytes. The place in the window moves on by `seek` before the copy, and by
 * both behind it: where bytes are replaced by as many, it need not be said again.
 */
export interface Step {
  readonly seek: number;
  readonly copied: number;
  readonly fresh: number;
}

export interface Steps {
  readonly count: number;
  /** It is valid until the next call: 2^18 objects would be megabytes of garbage. */
  at(number: number): Step;
  /** Gives their memory back. Nothing may be read after that. */
  close(): void;
}

/** A decoder holds 3 MiB of steps, and the bytes that it reads them from. */
export const stepsMax: number = 2 ** 18;
export const stepMaxBytes: number = 3 * numberMaxBytes;

/** All seeks, then all lengths of copies, then all lengths of new bytes: each compresses best among its like. */
export function encodeSteps(steps: readonly Step[]): Uint8Array {
  return encodeNumbers([
    ...steps.map(({ seek }) => (seek < 0 ? -2 * seek - 1 : 2 * seek)),
    ...steps.map(({ copied }) => copied),
    ...steps.map(({ fresh }) => fresh),
  ]);
}

/** @param refuse the error that is thrown if the bytes are not those of so many steps, and nothing more */
export function decodeSteps(bytes: Uint8Array, count: number, refuse: (what: string) => DeltaError): Steps {
  const numbers = new Uint32Array(3 * count);
  const reader = createNumberReader(bytes, refuse);
  for (let at = 0; at < numbers.length; at += 1) {
    const number = reader.number();
    if (number >= 2 ** 32) throw refuse("a number is too large");
    numbers[at] = number;
  }
  if (reader.position() !== bytes.length) throw refuse(`there are more than ${count} steps`);
  const step = { seek: 0, copied: 0, fresh: 0 };
  const numberAt = (place: number): number => numbers[place] ?? 0;
  return {
    count,
    at(number) {
      const seek = numberAt(number);
      step.seek = seek % 2 === 0 ? seek / 2 : -(seek + 1) / 2;
      step.copied = numberAt(count + number);
      step.fresh = numberAt(2 * count + number);
      return step;
    },
    close: () => freeBytes(numbers),
  };
}
