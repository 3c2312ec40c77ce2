/**
 * One budget of tries. A request has its own; requests that serve one end (an upload, a download and what continues it)
 * share one, so that retries within retries never multiply, and no wait is taken twice.
 */
import { setTimeout as delay } from "node:timers/promises";
import { decideRetry, type AttemptOutcome, type RetryContext } from "./retry.ts";

export interface Tries {
  /** After a try that failed: waits, then "again"; or "stop": there were enough, or another would bring nothing new. */
  next(outcome: AttemptOutcome, signal: AbortSignal | undefined): Promise<"again" | "stop">;
  /** There was progress: counts anew. */
  reset(): void;
}

export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

export function createTries(context: RetryContext & { readonly sleep: Sleep }): Tries {
  let attempt = 0;
  let waitedMs = 0;
  return {
    async next(outcome, signal) {
      attempt += 1;
      const decision = decideRetry(outcome, { attempt, waitedMs }, context);
      if (decision === "stop") return "stop";
      waitedMs += decision.waitMs;
      await context.sleep(decision.waitMs, signal);
      return "again";
    },
    reset() {
      attempt = 0;
      waitedMs = 0;
    },
  };
}

/** A timer that rejects with the signal's reason. */
export async function sleepTimer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
