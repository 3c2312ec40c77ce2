/** When, and how, a large target is fetched by several requests at a time. */
import type { ByteStream } from "@dtuf/registry";

/** Bounds, each with its reason. */
export interface FanOut {
  /** Smaller targets are fetched by one request, if no seed has a part of them. */
  readonly targetMinBytes: number;
  /** Of the first request, which tells whether ranges are sent, and how fast one connection is. */
  readonly probeBytes: number;
  /** Of one request. */
  readonly runBytes: number;
  /** Requests at a time. */
  readonly atOnce: number;
  /** What chunks that have not arrived whole may take in memory, over all requests of a target. */
  readonly chunksMaxBytes: number;
  /** If one connection brings more than this, in bytes per millisecond of waiting, a second one gains nothing. */
  readonly fastBytesPerMs: number;
  /** A clock that only runs forward, in milliseconds. */
  readonly clock: () => number;
}

export const defaultFanOut: FanOut = {
  targetMinBytes: 32 * 1024 * 1024,
  probeBytes: 4 * 1024 * 1024,
  runBytes: 16 * 1024 * 1024,
  atOnce: 8,
  chunksMaxBytes: 16 * 1024 * 1024,
  // A link of 1 Gbit/s brings 119,000. Beyond it, hashing each chunk as well as the whole would cost more time than connections save.
  fastBytesPerMs: 150_000,
  clock: () => performance.now(),
};

/** Tells how long each chunk was waited for. Hashing and writing do not count, because a second connection does not save them. */
export async function* timing(stream: ByteStream, clock: FanOut["clock"], onWaited: (ms: number) => void): ByteStream {
  const chunks = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const begun = clock();
      const { done, value } = await chunks.next();
      onWaited(clock() - begun);
      if (done === true) return;
      yield value;
    }
  } finally {
    await chunks.return?.();
  }
}

/** Requests at a time. A chunk may be four times as long as the average. */
export function requestsAtOnce({ atOnce, chunksMaxBytes }: FanOut, average: number): number {
  return Math.max(1, Math.min(atOnce, Math.floor(chunksMaxBytes / (4 * average))));
}
