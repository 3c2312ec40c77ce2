/**
 * Yields the parts of a target in order. Small parts are requested ahead of their turn, because their cost is the round trip
 * and several requests can run at once. Large parts are requested at their turn, so that memory use stays constant and no
 * connection waits.
 */
import type { ByteStream } from "@dtuf/registry";
import { partAheadMaxBytes, partsAhead } from "../limits.ts";
import type { PartStream, TargetPiece } from "../sources/source.ts";

export interface PartsOptions<Part> {
  /** Throws if the part cannot be opened. */
  readonly open: (part: Part, signal: AbortSignal) => Promise<PartStream>;
  readonly signal: AbortSignal | undefined;
}

export async function* openParts<Part extends Pick<TargetPiece, "size">>(
  first: ByteStream,
  rest: readonly Part[],
  { open, signal }: PartsOptions<Part>,
): ByteStream {
  const over = new AbortController();
  const until = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const opened: Promise<PartStream>[] = [];
  const openAhead = (turn: number): void => {
    for (let next = opened.length; next < Math.min(rest.length, turn + partsAhead); next += 1) {
      const part = rest[next];
      if (part === undefined || (next > turn && part.size > partAheadMaxBytes)) return;
      const opening = open(part, until);
      // Prevents an unhandled rejection; the failure is thrown at its turn.
      opening.catch(() => undefined);
      opened.push(opening);
    }
  };
  try {
    openAhead(-1);
    yield* first;
    for (let turn = 0; turn < rest.length; turn += 1) {
      openAhead(turn);
      const found = await opened[turn];
      if (found !== undefined) yield* found.stream;
    }
  } finally {
    over.abort();
  }
}
