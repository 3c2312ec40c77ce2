/**
 * The parts of a target one after the other. Small ones are asked for ahead of their turn: what they cost over a network is
 * the round trip, and several of them are under way in the time of one. Large ones wait for their turn, so that memory
 * stays flat and no connection is kept waiting.
 */
import type { ByteStream } from "@dtuf/registry";
import { partAheadMaxBytes, partsAhead } from "../limits.ts";
import type { PartStream, TargetPiece } from "../sources/source.ts";

export interface PartsOptions {
  /** Throws where the part cannot be had. */
  readonly open: (part: TargetPiece, signal: AbortSignal) => Promise<PartStream>;
  readonly signal: AbortSignal | undefined;
}

export async function* openParts(
  first: ByteStream,
  rest: readonly TargetPiece[],
  { open, signal }: PartsOptions,
): ByteStream {
  const over = new AbortController();
  const until = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const opened: Promise<PartStream>[] = [];
  const openAhead = (turn: number): void => {
    for (let next = opened.length; next < Math.min(rest.length, turn + partsAhead); next += 1) {
      const part = rest[next];
      if (part === undefined || (next > turn && part.size > partAheadMaxBytes)) return;
      const opening = open(part, until);
      // A failure is looked at when its turn comes.
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
