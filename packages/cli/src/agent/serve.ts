/** Rounds until somebody ends them. Between two there is one timer and nothing else. */
import { AgentError, type AgentEvent } from "@dtuf/agent";
import { sleepTimer } from "@dtuf/registry/http";
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

/** Ends when the signal does, between two steps. An error of a round is reported, and the next one tries again. */
export async function serve(desk: Desk, { automatic, confirming }: Manner): Promise<void> {
  const { signal, config, reporter, context } = desk;
  let failures = 0;
  let next: () => Promise<void> = async () => {
    await settle(desk, confirming);
    next = () => runRound(desk, automatic, confirming);
    await next();
  };
  while (!signal.aborted) {
    let waitMs = config.everyMs;
    try {
      await next();
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (isHeld(error)) waitMs = Math.min(waitMs, heldFor(error, context.io.now()));
      else {
        waitMs = Math.min(waitMs, minuteMs * 2 ** Math.min(failures, 20));
        failures += 1;
        reporter.onEvent({ kind: "failed", error });
      }
    }
    const ms = Math.min(timerMostMs, Math.round(waitMs * (1 - jitter + 2 * jitter * context.io.random())));
    reporter.onEvent({ kind: "waiting", until: new Date(context.io.now().getTime() + ms) } satisfies AgentEvent);
    await sleepTimer(ms, signal).catch(() => undefined);
  }
}

function isHeld(error: unknown): error is AgentError {
  return AgentError.is(error) && error.code === "AGENT_HELD";
}

/** Until the opening of a window, or the end of a postponement. */
function heldFor({ details }: AgentError, now: Date): number {
  const until = typeof details["until"] === "string" ? new Date(details["until"]).getTime() : Number.NaN;
  return Number.isNaN(until) ? heldMs : Math.max(1000, (until - now.getTime()) / (1 - jitter));
}
