/** Runs work with at most so many at a time; the rest wait in order. */
export interface Limiter {
  <T>(work: () => Promise<T>): Promise<T>;
}

/** @param limit how much may be under way at once; the returned call runs work when its turn comes and gives its result */
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
      // Later failures are mostly echoes of this one.
      if (!failed.signal.aborted) failed.abort(error);
    }),
  );
  await Promise.all(workers);
  failed.signal.throwIfAborted();
}

/** Waits for all of it, then throws the first failure: nothing goes on behind the back of whoever was told of it. */
export async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}
