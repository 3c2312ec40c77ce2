/** What happened to one attempt. */
export type AttemptOutcome =
  | { readonly kind: "response"; readonly status: number; readonly retryAfter: string | undefined }
  | { readonly kind: "failure"; readonly error: unknown };

export interface RetryPolicy {
  /** Attempts in all. */
  readonly maxAttempts: number;
  /** First wait; doubled each time, with jitter. */
  readonly baseMs: number;
  readonly maxWaitMs: number;
  /** A Retry-After up to this is honoured in full; a longer one ends the tries, because asking earlier would be rude. */
  readonly maxRetryAfterMs: number;
  /** Waiting in all. */
  readonly budgetMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  maxAttempts: 5,
  baseMs: 250,
  maxWaitMs: 10_000,
  maxRetryAfterMs: 120_000,
  budgetMs: 300_000,
};

export interface RetryState {
  /** How many attempts were made: 1 after the first. */
  readonly attempt: number;
  readonly waitedMs: number;
}

export interface RetryContext {
  readonly now: () => Date;
  readonly random: () => number;
  readonly policy: RetryPolicy;
}

/** Pure: the wait before the next attempt, or "stop". Whether the request may be sent twice is the caller's to know. */
export function decideRetry(
  _outcome: AttemptOutcome,
  _state: RetryState,
  _context: RetryContext,
): { readonly waitMs: number } | "stop" {
  return "stop";
}
