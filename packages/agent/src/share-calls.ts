/** The same call at the same time is made once: its callers share the result. */

interface SharedCall<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  callers: number;
}

export type SharedCalls<T> = (
  key: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** A caller whose signal ends leaves; the work ends with the last of them. */
export function createSharedCalls<T>(): SharedCalls<T> {
  const running = new Map<string, SharedCall<T>>();

  function start(key: string, work: (signal: AbortSignal) => Promise<T>): SharedCall<T> {
    const stop = new AbortController();
    const shared = { result: work(stop.signal), stop, callers: 0 };
    running.set(key, shared);
    return shared;
  }

  return async (key, signal, work) => {
    signal?.throwIfAborted();
    const shared = running.get(key) ?? start(key, work);
    const forget = (): void => {
      if (running.get(key) === shared) running.delete(key);
    };
    shared.callers++;
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      if (--shared.callers > 0) return reject(signal?.reason as Error);
      // The last one waits until the work is over: it may hold a lock.
      forget();
      shared.stop.abort(signal?.reason);
    };
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([shared.result, left]);
    } finally {
      signal?.removeEventListener("abort", leave);
      if (signal?.aborted !== true) shared.callers--;
      void shared.result.then(forget, forget);
    }
  };
}
