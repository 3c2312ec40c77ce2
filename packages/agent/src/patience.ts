/** Waits that end: a call in which nothing moves, and a health check without an answer. */
import { AgentError } from "./errors.ts";

/** Runs work that reports its life; silence for so long ends it. @throws AgentError AGENT_STALLED; what the work throws */
export async function withStallTimeout<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal, reportLife: () => void) => Promise<T>,
): Promise<T> {
  const stall = new AbortController();
  const end = (): void =>
    stall.abort(new AgentError("AGENT_STALLED", `nothing moved for ${ms} ms`, { details: { ms } }));
  let timer = setTimeout(end, ms);
  const reportLife = (): void => {
    clearTimeout(timer);
    timer = setTimeout(end, ms);
  };
  try {
    return await work(signal === undefined ? stall.signal : AbortSignal.any([stall.signal, signal]), reportLife);
  } finally {
    clearTimeout(timer);
  }
}

/** What a health check is told. The signal ends at its deadline, and with the signal of the call. */
export interface HealthContext {
  readonly version: string;
  /** What to start or open. */
  readonly path: string;
  readonly signal: AbortSignal;
}

interface HealthCall extends Omit<HealthContext, "signal"> {
  /** Of the call that asks. */
  readonly signal: AbortSignal | undefined;
}

/** True or undefined: the version is healthy. An error that it throws means that it is not. */
export type HealthCheck = (context: HealthContext) => Promise<boolean | void> | boolean | void;

/**
 * Why the version is not healthy; undefined if it is. A check that never ends is a failure at its deadline.
 * @throws the reason of the call's signal, which says nothing about the version
 */
export async function findFault(
  check: HealthCheck,
  { signal: asked = new AbortController().signal, ...context }: HealthCall,
  ms: number,
): Promise<Error | undefined> {
  asked.throwIfAborted();
  const deadline = new AbortController();
  const signal = AbortSignal.any([deadline.signal, asked]);
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new TypeError(`no answer within ${ms} ms`)));
  });
  const timer = setTimeout(() => deadline.abort(), ms);
  try {
    const answer = await Promise.race([Promise.resolve(check({ ...context, signal })), late]);
    return answer === false ? new TypeError("the health check answered false") : undefined;
  } catch (error) {
    asked.throwIfAborted();
    return error instanceof Error ? error : new TypeError(String(error));
  } finally {
    clearTimeout(timer);
  }
}
