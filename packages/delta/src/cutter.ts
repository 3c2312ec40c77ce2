/**
 * Where a content is cut: FastCDC with a gear hash of 32 bits. The cut points are a wire format: they never change.
 * docs/format.md gives the rule, and src/vectors has examples.
 */
import { createHash } from "node:crypto";

export interface Cutter {
  /**
   * Goes on in `bytes` at `from`. Returns the offset behind the end of the current chunk and begins the next one there, or
   * undefined if the chunk does not end in these bytes.
   */
  findEnd(bytes: Uint8Array, from: number): number | undefined;
}

/** @param average a power of two from 4 KiB to 4 MiB */
export function createCutter(average: number): Cutter {
  const bits = Math.log2(average);
  const [least, most] = [average / 4, average * 4];
  // The highest bits are tested, because they depend on the most bytes.
  const phases = [
    { limit: average, mask: highestBits(bits + 2) },
    { limit: most, mask: highestBits(bits - 2) },
  ];
  /** Bytes of the current chunk that were passed. */
  let passed = 0;
  const rolling: Rolling = { gear: findGear(), mask: 0, hash: 0, at: 0 };

  function isEnd(bytes: Uint8Array): boolean {
    for (const { limit, mask } of phases) {
      const begun = rolling.at;
      rolling.mask = mask;
      if (roll(rolling, bytes, Math.min(bytes.length, begun + limit - passed))) return true;
      passed += rolling.at - begun;
    }
    return passed >= most;
  }

  return {
    findEnd(bytes, from) {
      rolling.at = Math.min(bytes.length, from + Math.max(0, least - passed));
      passed += rolling.at - from;
      if (!isEnd(bytes)) return undefined;
      passed = 0;
      rolling.hash = 0;
      return rolling.at;
    },
  };
}

interface Rolling {
  readonly gear: Int32Array;
  mask: number;
  hash: number;
  at: number;
}

/**
 * Goes on until a cut or to `to`, and says whether there was a cut. A short function with these few variables is what V8
 * makes fast: written into its caller, it takes three times as long.
 */
function roll(rolling: Rolling, bytes: Uint8Array, to: number): boolean {
  const { gear, mask } = rolling;
  let { hash, at } = rolling;
  for (; at < to; at += 1) {
    hash = ((hash << 1) + (gear[bytes[at] ?? 0] ?? 0)) | 0;
    if ((hash & mask) === 0) {
      rolling.at = at + 1;
      return true;
    }
  }
  rolling.hash = hash;
  rolling.at = at;
  return false;
}

function highestBits(count: number): number {
  return -1 << (32 - count);
}

let made: Int32Array | undefined;

/** The number for a byte: the first four bytes, big-endian, of the SHA-256 of `dtuf-fastcdc32-v1` and that byte. */
function findGear(): Int32Array {
  made ??= Int32Array.from({ length: 256 }, (_, byte) =>
    createHash("sha256").update("dtuf-fastcdc32-v1").update(Uint8Array.of(byte)).digest().readInt32BE(),
  );
  return made;
}
