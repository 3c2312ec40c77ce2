/** Rounds until somebody ends them. Between two there is one timer and nothing else. */
import { AgentError } from "@dtuf/agent";
import { sleepTimer } from "@dtuf/registry/http";
import { UsageError } from "../context/usage.ts";
import type { Desk } from "./desk.ts";
import { runRound, settle, type Confirming } from "./round.ts";
import type { Automatic } from "./config/config.ts";

export interface Manner {
  readonly automatic: Automatic;
  readonly confirming: Confirming;
}

const minuteMs = 60_000;
/** After a round that the machine's state held back, such as its battery. */
const heldMs = 15 * minuteMs;
/** How much later than the opening of a window its versions are installed, at most. */
const openingMs = 5 * minuteMs;
const jitter = 0.1;
/** More a timer cannot wait. */
const timerMostMs = 2 ** 31 - 1;

/** One round. What the user or the machine holds back is no failure. @throws errors of the agent */
export async function runOnce(desk: Desk, { automatic, confirming }: Manner): Promise<void> {
  await settle(desk, confirming);
  await runRound(desk, automatic, confirming).catch((error: unknown) => {
    if (!isHeld(error)) throw error;
  });
}

/**
 * Ends when the signal does, between two steps. An error of a round is reported, and the next one tries again.
 * @throws errors of the settings, in the first round
 */
export async function serve(desk: Desk, { automatic, confirming }: Manner): Promise<void> {
  const { signal, config, reporter, context } = desk;
  const { now, random } = context.io;
  const round: Round = { everyMs: config.everyMs, failures: 0, now, random };
  let isSettled = false;
  for (let rounds = 0; !signal.aborted; rounds++) {
    let error: unknown;
    try {
      if (!isSettled) await settle(desk, confirming);
      isSettled = true;
      await runRound(desk, automatic, confirming);
      round.failures = 0;
    } catch (thrown) {
      if (signal.aborted) return;
      if (rounds === 0 && isOfSettings(thrown)) throw thrown;
      error = thrown;
    }
    const ms = Math.min(timerMostMs, Math.round(waitAfter(round, error)));
    if (error !== undefined && !isHeld(error)) reporter.onEvent({ kind: "failed", error });
    reporter.onEvent({ kind: "waiting", until: new Date(now().getTime() + ms) });
    await sleepTimer(ms, signal).catch(() => undefined);
  }
}

/** Only a person can mend it, who is looking when a service starts. */
function isOfSettings(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof Error && "code" in error && ofSettings.has(error.code));
}

const ofSettings: ReadonlySet<unknown> = new Set(["COPY_NOT_PINNED", "OCI_REFERENCE_INVALID"]);

function isHeld(error: unknown): error is AgentError {
  return AgentError.is(error) && error.code === "AGENT_HELD";
}

export interface Round {
  readonly everyMs: number;
  failures: number;
  readonly now: () => Date;
  readonly random: () => number;
}

/** Machines that were started together do not ask together. */
export function waitAfter(round: Round, error: unknown): number {
  const { everyMs, now, random } = round;
  const spread = (ms: number): number => ms * (1 - jitter + 2 * jitter * random());
  if (error === undefined) return spread(everyMs);
  if (!isHeld(error)) return spread(Math.min(everyMs, minuteMs * 2 ** Math.min(round.failures++, 20)));
  const { until } = error.details;
  // A window may be short, so its opening is not missed by more than minutes.
  const heldFor =
    typeof until === "string" ? new Date(until).getTime() - now().getTime() + random() * openingMs : spread(heldMs);
  return Math.min(spread(everyMs), Math.max(1000, heldFor));
}
