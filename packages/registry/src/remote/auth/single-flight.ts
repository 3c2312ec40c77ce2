/** Runs work once per key at a time: concurrent calls with the same key share one run and its result. */

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

/** An abort ends the wait of its own caller. The run is aborted when no caller waits for it any more. */
export function createSingleFlight<T>(): SingleFlight<T> {
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
    current.waiting += 1;
    try {
      return await orAborted(current.result, signal);
    } finally {
      current.waiting -= 1;
      if (current.waiting === 0) {
        if (running.get(key) === current) running.delete(key);
        current.controller.abort();
      }
    }
  };
}

function orAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([result, promise]).finally(() => signal.removeEventListener("abort", abort));
}
