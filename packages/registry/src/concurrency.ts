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

/** One run of work that several callers wait for. */
interface Run<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

export type SingleFlight<T> = (
  key: string,
  run: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
) => Promise<T>;

export interface SingleFlightOptions {
  /** "leaves": the last caller whose signal ends rejects at once. "waits": when its run has ended, which may hold a lock. */
  readonly last: "leaves" | "waits";
}

/**
 * Runs work once per key at a time: concurrent calls with the same key share one run and its result. A caller whose signal ends leaves, with the
 * signal's reason. The run is aborted when no caller waits for it any more.
 */
export function createSingleFlight<T>({ last }: SingleFlightOptions): SingleFlight<T> {
  const running = new Map<string, Run<T>>();

  function start(key: string, run: (signal: AbortSignal) => Promise<T>): Run<T> {
    const controller = new AbortController();
    const started: Run<T> = { controller, waiting: 0, result: run(controller.signal) };
    running.set(key, started);
    return started;
  }

  return async (key, run, signal) => {
    signal?.throwIfAborted();
    const current = running.get(key) ?? start(key, run);
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      current.waiting -= 1;
      if (current.waiting > 0) return;
      if (running.get(key) === current) running.delete(key);
      current.controller.abort(signal?.reason);
    };
    const onAbort = (): void => {
      leave();
      if (last === "leaves" || current.waiting > 0) reject(signal?.reason);
    };
    current.waiting += 1;
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([current.result, left]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      if (signal?.aborted !== true) leave();
    }
  };
}
