/**
 * Whole numbers below 2^53, most of them small: seven bits in each byte, the lowest first; the highest bit says that another byte follows
 * (unsigned LEB128).
 */
import type { DeltaError } from "../errors.ts";

/** Of a number below 2^32. */
export const numberMaxBytes = 5;
/** Of any. */
export const longNumberMaxBytes = 8;

export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(numbers.length * longNumberMaxBytes);
  let end = 0;
  for (const number of numbers) {
    let rest = number;
    for (; rest >= 128; rest = Math.floor(rest / 128)) end = bytes.writeUInt8((rest % 128) + 128, end);
    end = bytes.writeUInt8(rest, end);
  }
  return bytes.subarray(0, end);
}

export interface NumberReader {
  number(): number;
  /** The next bytes as they are. */
  bytes(length: number): Uint8Array;
  /** How many bytes were read. */
  position(): number;
}

/** @param refuse the error that is thrown if the bytes end early or a number is too large; it gets the reason */
export function createNumberReader(bytes: Uint8Array, refuse: (what: string) => DeltaError): NumberReader {
  let at = 0;
  function take(length: number): Uint8Array {
    if (length > bytes.length - at) throw refuse("the bytes end early");
    at += length;
    return bytes.subarray(at - length, at);
  }
  return {
    position: () => at,
    bytes: take,
    number() {
      let number = 0;
      for (let count = 0; count < longNumberMaxBytes; count += 1) {
        const byte = bytes[at];
        if (byte === undefined) throw refuse("the bytes end early");
        at += 1;
        number += (byte % 128) * 128 ** count;
        if (byte < 128 && Number.isSafeInteger(number)) return number;
      }
      throw refuse("a number is too large");
    },
  };
}
