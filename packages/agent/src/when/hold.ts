/** Why an update waits although it is published: what the user and the machine say. A person who asks is not held back. */
import { AgentError } from "../errors.ts";
import type { AgentState } from "../state/agent-state.ts";
import { findOpening, type DayWindow } from "./window.ts";

/** "program": a hook of the program answered false. */
export type HoldReason = "opted-out" | "postponed" | "window" | "metered" | "battery" | "program";

export interface Hold {
  readonly reason: HoldReason;
  /** When it ends; undefined if that is not known. */
  readonly until: Date | undefined;
}

/** "check": an update is offered. "download": it is staged. "install": it is applied. */
export type HeldStep = "check" | "download" | "install";

type Answer = boolean | Promise<boolean>;

/** What the machine and its user allow when nobody asks. An error that a hook throws ends the call. */
export interface AgentPolicy {
  /** Versions are installed in these hours alone; they are downloaded at any time. Default: at any time. */
  readonly window?: DayWindow | undefined;
  /** Asked before a download: true, and nothing is downloaded. */
  readonly isMetered?: (() => Answer) | undefined;
  /** Asked before an installation: true, and nothing is installed. */
  readonly isOnBattery?: (() => Answer) | undefined;
  /** Asked last, before a download: false, and nothing is downloaded. */
  readonly mayDownload?: ((version: string, length: number) => Answer) | undefined;
  /** Asked last, before an installation: false, and nothing is installed. */
  readonly mayInstall?: ((version: string) => Answer) | undefined;
}

export interface HeldVersion {
  readonly step: HeldStep;
  readonly version: string;
  readonly length: number;
}

/** Undefined if nothing holds the step back. */
export async function findHold(
  { step, version, length }: HeldVersion,
  { policy, state, now }: { readonly policy: AgentPolicy; readonly state: AgentState; readonly now: Date },
): Promise<Hold | undefined> {
  const because = (reason: HoldReason, until?: Date): Hold => Object.freeze({ reason, until });
  if (state.isOptedOut === true) return because("opted-out");
  const until = state.postponedUntil === undefined ? undefined : new Date(state.postponedUntil);
  if (until !== undefined && now < until) return because("postponed", until);
  if (step === "download") {
    if ((await policy.isMetered?.()) === true) return because("metered");
    return (await policy.mayDownload?.(version, length)) === false ? because("program") : undefined;
  }
  if (step === "check") return undefined;
  const opening = policy.window === undefined ? undefined : findOpening(policy.window, now);
  if (opening !== undefined) return because("window", opening);
  if ((await policy.isOnBattery?.()) === true) return because("battery");
  return (await policy.mayInstall?.(version)) === false ? because("program") : undefined;
}

/** @throws AgentError AGENT_HELD */
export function refuseHeld({ reason, until }: Hold, { step, version }: HeldVersion): never {
  const end = until === undefined ? "" : ` until ${until.toISOString()}`;
  throw new AgentError("AGENT_HELD", `${version} waits${end}: ${reason}; a call with isAsked does not wait`, {
    details: { version, step, reason, ...(until === undefined ? {} : { until: until.toISOString() }) },
  });
}

/** The hold that a refused step was refused for; undefined if the error is another one. */
export function holdOfError(error: unknown): Hold | undefined {
  if (!AgentError.is(error) || error.code !== "AGENT_HELD") return undefined;
  const { reason, until } = error.details;
  return { reason: reason as HoldReason, until: until === undefined ? undefined : new Date(until) };
}
