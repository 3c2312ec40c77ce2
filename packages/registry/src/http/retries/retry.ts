/** Decides whether to try again, and after how long. The caller decides whether the request may be sent twice. */
import { isTransient } from "../failure.ts";

/** The result of one attempt. A failure is retried if its code, or that of a cause, is a transient network fault. */
export type AttemptOutcome =
  | { readonly kind: "response"; readonly status: number; readonly retryAfter: string | undefined }
  | { readonly kind: "failure"; readonly error: unknown };

export interface RetryPolicy {
  /** Total number of attempts. */
  readonly maxAttempts: number;
  /** First wait. It doubles at each attempt up to `maxWaitMs`; a random part of up to half of it is subtracted. */
  readonly baseMs: number;
  readonly maxWaitMs: number;
  /** A Retry-After up to this is honoured in full. A longer one stops retrying. */
  readonly maxRetryAfterMs: number;
  /** Total waiting time. */
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
  /** Attempts made so far: 1 after the first. */
  readonly attempt: number;
  readonly waitedMs: number;
}

export interface RetryContext {
  readonly now: () => Date;
  readonly random: () => number;
  readonly policy: RetryPolicy;
}

/** Returns the wait before the next attempt, or "stop" if the last attempt's result is final. */
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

/** Seconds or an HTTP date (RFC 9110, 10.2.3), in milliseconds from now. Returns 0 if the value is neither. */
function parseRetryAfter(value: string | undefined, now: Date): number {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = text.endsWith("GMT") ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - now.getTime());
}
