/** Which chunks of a target are in its file, and right. They come in any order. */
import { createHash } from "node:crypto";
import type { ChunkIndex } from "@dtuf/delta";
import { freeing, type ByteStream } from "@dtuf/registry";

export interface PresentChunks {
  has(number: number): boolean;
  add(number: number): void;
  /** Bytes of all chunks that are there. */
  readonly bytes: number;
  /** Bytes before the first chunk that is missing. */
  readonly beginning: number;
  /** Resolves with the beginning when it is longer than `bytes`; with undefined if no more chunks come. */
  beginningBeyond(bytes: number): Promise<number | undefined>;
  /** No more chunks come. */
  end(): void;
}

export function createPresentChunks(index: ChunkIndex): PresentChunks {
  const found = new Uint8Array(index.count);
  let [next, beginning, bytes] = [0, 0, 0];
  let hasEnded = false;
  let wake = (): void => undefined;
  return {
    has: (number) => found[number] === 1,
    add(number) {
      if (found[number] === 1) return;
      found[number] = 1;
      bytes += index.chunk(number).length;
      for (; found[next] === 1; next += 1) beginning += index.chunk(next).length;
      wake();
    },
    get bytes() {
      return bytes;
    },
    get beginning() {
      return beginning;
    },
    async beginningBeyond(known) {
      const isAwaited = (): boolean => beginning <= known && !hasEnded;
      while (isAwaited()) await new Promise<void>((resolve) => (wake = resolve));
      return beginning > known ? beginning : undefined;
    },
    end() {
      hasEnded = true;
      wake();
    },
  };
}

/** Looks at every chunk of what an earlier download left, which may have gaps. */
export async function findPresent(bytes: ByteStream, index: ChunkIndex): Promise<PresentChunks> {
  const present = createPresentChunks(index);
  let number = 0;
  let hash = createHash("sha256");
  let missing = index.count === 0 ? 0 : index.chunk(0).length;
  for await (const arrived of freeing(bytes)) {
    for (let rest = arrived; rest.length > 0 && number < index.count;) {
      const piece = rest.subarray(0, missing);
      rest = rest.subarray(piece.length);
      hash.update(piece);
      missing -= piece.length;
      if (missing > 0) break;
      if (hash.digest().equals(index.chunk(number).sha256)) present.add(number);
      hash = createHash("sha256");
      number += 1;
      missing = number < index.count ? index.chunk(number).length : 0;
    }
  }
  return present;
}
