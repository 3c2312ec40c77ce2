/**
 * A budget of retries. A request has its own by default. The requests of one operation (an upload, or a download and the
 * requests that resume it) share one, so that nested retries do not multiply and no wait is taken twice.
 */
import { setTimeout as delay } from "node:timers/promises";
import { decideRetry, type AttemptOutcome, type RetryContext } from "./retry.ts";

export interface RetryBudget {
  /** To be called after a failed attempt. Waits and returns "again", or returns "stop" if no further attempt is due. */
  next(outcome: AttemptOutcome, signal: AbortSignal | undefined): Promise<"again" | "stop">;
  /** To be called after progress: attempts and waits are counted from 0 again. */
  reset(): void;
}

/** Clock, random numbers and timer. Each has a default; tests replace them. */
export interface TimeAndChance {
  /** Default: the system's clock. */
  readonly now?: (() => Date) | undefined;
  /** 0 <= value < 1. Default: `Math.random`. It spreads retries; no decision about security depends on it. */
  readonly random?: (() => number) | undefined;
  /** Waits. Rejects with the signal's reason. Default: a timer. */
  readonly sleep?: Sleep | undefined;
}

export interface DecidedTimeAndChance {
  readonly now: () => Date;
  readonly random: () => number;
  readonly sleep: Sleep;
}

export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** A budget of retries under the context's policy. */
export function createRetryBudget(context: RetryContext & { readonly sleep: Sleep }): RetryBudget {
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

/** The defaults of `TimeAndChance`. */
export function withSystemDefaults(given: TimeAndChance): DecidedTimeAndChance {
  const { now = (): Date => new Date(), random = Math.random, sleep = sleepTimer } = given;
  return { now, random, sleep };
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
