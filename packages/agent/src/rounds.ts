/** An update from check to installation, and rounds of it that need nobody. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Agent, ApplyOptions, RunOptions, UpdateOutcome } from "./contract.ts";
import type { EventStream } from "./events.ts";
import { describeProblem } from "./messages/problem.ts";
import { holdOfError } from "./when/hold.ts";

type Steps = Pick<Agent, "check" | "stage" | "apply" | "pending">;

/** What rounds need of an agent. */
export interface Rounds extends Steps {
  readonly events: EventStream;
  readonly now: () => Date;
  /** Closes the agent's own connections. */
  readonly close: () => Promise<void>;
}

const defaultEveryMs = 6 * 60 * 60 * 1000;
const defaultJitter = 0.1;
const firstRetryMs = 60_000;
const shortestMs = 1000;
/** Node's timers hold no more. */
const longestMs = 2 ** 31 - 1;

/** Checks, stages and applies. What holds it back is a result. @throws as those */
export async function updateOnce({ check, stage, apply, pending }: Steps, call: ApplyOptions): Promise<UpdateOutcome> {
  const { pending: before } = await pending(call);
  if (before?.phase === "applied") return { kind: "unconfirmed", version: before.version };
  const { update, held } = await check(call);
  if (held !== undefined) return { kind: "held", hold: held };
  if (update === undefined) return { kind: "current" };
  try {
    await stage(update, call);
    await apply(call);
  } catch (error) {
    const hold = holdOfError(error);
    if (hold === undefined) throw error;
    return { kind: "held", hold };
  }
  return { kind: "installed", version: update.release.version };
}

/** Rounds until the signal. Between two of them there is one timer. */
export async function runRounds(rounds: Rounds, options: RunOptions): Promise<void> {
  const isOver = (): boolean => options.signal?.aborted === true;
  for (let failures = 0; !isOver();) {
    const outcome = await tryRound(rounds, options);
    await rounds.close();
    if (isOver()) return;
    failures = "error" in outcome ? failures + 1 : 0;
    const waitMs = waitAfter(outcome, { failures, now: rounds.now(), ...options });
    rounds.events.emit({ kind: "waiting", until: new Date(rounds.now().getTime() + waitMs) });
    await sleep(waitMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

type RoundEnd = UpdateOutcome | { readonly error: unknown };

async function tryRound(rounds: Rounds, options: RunOptions): Promise<RoundEnd> {
  try {
    const { isOptedOut } = await rounds.pending(options);
    if (!isOptedOut || options.isAsked === true) return await updateOnce(rounds, options);
    const hold = { reason: "opted-out", until: undefined } as const;
    rounds.events.emit({ kind: "held", step: "check", version: undefined, ...hold });
    return { kind: "held", hold };
  } catch (error) {
    if (options.signal?.aborted !== true) rounds.events.emit({ kind: "failed", error });
    return { error };
  }
}

interface Waiting extends Pick<RunOptions, "everyMs" | "jitter" | "chance"> {
  /** Rounds that failed since one did not. */
  readonly failures: number;
  readonly now: Date;
}

/** How long to wait after a round, in milliseconds: the plan, sooner after a failure that may pass or at the end of a hold. */
export function waitAfter(outcome: RoundEnd, waiting: Waiting): number {
  const { everyMs = defaultEveryMs, jitter = defaultJitter, chance = Math.random } = waiting;
  const ms = Math.min(everyMs, soonestMs(outcome, waiting));
  return Math.min(Math.max(ms * (1 + jitter * (2 * chance() - 1)), shortestMs), longestMs);
}

function soonestMs(outcome: RoundEnd, { failures, now }: Waiting): number {
  if ("error" in outcome) {
    const backOff = firstRetryMs * 2 ** Math.min(failures - 1, 20);
    return describeProblem(outcome.error).retryable ? backOff : Infinity;
  }
  const until = outcome.kind === "held" ? outcome.hold.until : undefined;
  return until === undefined ? Infinity : Math.max(until.getTime() - now.getTime(), 0);
}
