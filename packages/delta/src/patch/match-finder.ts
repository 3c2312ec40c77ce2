/** Finds where a window has the same bytes as another content: a hash of 8 bytes leads to earlier places in the window. */
import { freeBytes } from "./free-bytes.ts";

export interface Pair {
  readonly window: Uint8Array;
  readonly content: Uint8Array;
}

export interface MatchFinder {
  /** The longest match that was found for the bytes of the content from `at` on; `length` is 0 if there is none. It is valid until the next call. */
  find(at: number): { readonly from: number; readonly length: number };
  /** Gives its memory back. Nothing is found after that. */
  close(): void;
}

/** Bytes that are hashed: a shorter match is not found. */
export const matchMinBytes = 8;

const hashBits = 21;
/** Places that are compared for one hash. With more, matches are hardly longer. */
const placesMax = 24;
/** A match of this length is taken at once. */
const goodBytes = 2048;

/** One of so many places of the window is indexed. Patches of executables are 2 % longer than with every place, for half of the memory. */
const stride = 2;

/** Indexes the window. Memory: 8 MiB, and 2 bytes for each byte of the window. */
export function createMatchFinder(pair: Pair): MatchFinder {
  const { window, content } = pair;
  const last = new Int32Array(2 ** hashBits).fill(-1);
  const before = new Int32Array(Math.ceil(window.length / stride));
  indexWindow(window, last, before);
  const best = { from: 0, length: 0 };
  return {
    find(at) {
      best.length = 0;
      if (at + matchMinBytes > content.length) return best;
      let place = last[hashAt(content, at)] ?? -1;
      for (let tried = 0; place >= 0 && tried < placesMax && best.length < goodBytes; tried += 1) {
        const length = sameBytes(pair, at, place);
        if (length > best.length) {
          best.length = length;
          best.from = place;
        }
        place = before[place / stride] ?? -1;
      }
      if (best.length < matchMinBytes) best.length = 0;
      return best;
    },
    close() {
      freeBytes(last);
      freeBytes(before);
    },
  };
}

function indexWindow(window: Uint8Array, last: Int32Array, before: Int32Array): void {
  for (let at = 0; at + matchMinBytes <= window.length; at += stride) {
    const hash = hashAt(window, at);
    before[at / stride] = last[hash] ?? -1;
    last[hash] = at;
  }
}

function hashAt(bytes: Uint8Array, at: number): number {
  const low =
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  const high =
    (bytes[at + 4] ?? 0) | ((bytes[at + 5] ?? 0) << 8) | ((bytes[at + 6] ?? 0) << 16) | ((bytes[at + 7] ?? 0) << 24);
  return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)) >>> (32 - hashBits);
}

/** How many bytes are the same from these places on, at most `goodBytes` at a time. */
export function sameBytes({ window, content }: Pair, at: number, from: number): number {
  if (from < 0) return 0;
  const most = Math.min(window.length - from, content.length - at, goodBytes);
  let length = 0;
  while (length < most && window[from + length] === content[at + length]) length += 1;
  return Math.max(0, length);
}
