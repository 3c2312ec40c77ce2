/** One pure decision: try again, and after how long. Whether a request may be sent twice is not decided here. */
import { isTransient } from "./failure.ts";

/** What happened to one attempt. A failure counts if its code, or that of its causes, is a network's passing fault. */
export type AttemptOutcome =
  | { readonly kind: "response"; readonly status: number; readonly retryAfter: string | undefined }
  | { readonly kind: "failure"; readonly error: unknown };

export interface RetryPolicy {
  /** Attempts in all. */
  readonly maxAttempts: number;
  /** First wait; doubled each time up to `maxWaitMs`, less up to half of it by chance. */
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

/** The wait before the next attempt, or "stop": what the last attempt brought is the result. */
export function decideRetry(
  outcome: AttemptOutcome,
  state: RetryState,
  context: RetryContext,
): { readonly waitMs: number } | "stop" {
  const { policy } = context;
  if (state.attempt >= policy.maxAttempts || !isWorthRetrying(outcome)) return "stop";
  const asked = outcome.kind === "response" ? parseRetryAfter(outcome.retryAfter, context.now()) : 0;
  if (asked > policy.maxRetryAfterMs) return "stop";
  const backoff = Math.min(policy.maxWaitMs, policy.baseMs * 2 ** (state.attempt - 1));
  const waitMs = Math.max(asked, Math.round(backoff * (1 - context.random() / 2)));
  return state.waitedMs + waitMs > policy.budgetMs ? "stop" : { waitMs };
}

function isWorthRetrying(outcome: AttemptOutcome): boolean {
  if (outcome.kind === "failure") return isTransient(outcome.error);
  const { status } = outcome;
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), in milliseconds from now. What is neither counts as absent: 0. */
function parseRetryAfter(value: string | undefined, now: Date): number {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = text.endsWith("GMT") ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - now.getTime());
}
