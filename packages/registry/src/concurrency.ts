/** Runs work with a limit on how much runs at a time; the rest waits in order. */
export interface Limiter {
  <T>(work: () => Promise<T>): Promise<T>;
}

/** @param limit the maximum number of concurrent runs. The returned function runs work when a slot is free and returns its result */
export function createLimiter(limit: number): Limiter {
  const waiting: (() => void)[] = [];
  let free = limit;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** Runs `work` on every item, at most `limit` at a time, in order. The first failure stops the rest and is thrown. */
export async function forEachConcurrently<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && !failed.signal.aborted; next = queue.next()) {
      await work(next.value, failed.signal);
    }
  };
  const workers = Array.from({ length: limit }, () =>
    worker().catch((error: unknown) => {
      // Later failures are mostly consequences of the first.
      if (!failed.signal.aborted) failed.abort(error);
    }),
  );
  await Promise.all(workers);
  failed.signal.throwIfAborted();
}

/** Waits for all work to settle before throwing the first failure, so that nothing is still running afterwards. */
export async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}
