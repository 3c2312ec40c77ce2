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

/** Time and chance. Each has a default, so only a program that has to decide them (a test) gives them. */
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

/** A budget of tries under the policy of the context. It waits between tries and says when there were enough. */
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
