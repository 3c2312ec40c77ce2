/** From one installed version to another: each step is written down before it is made, so that it can be finished or undone. */
import { AgentError } from "./errors.ts";
import type { RevertReason } from "./events.ts";
import type { InstallOptions } from "./install/installation.ts";
import { unknownVersion, type AgentState, type InstalledVersion, type PendingVersion } from "./state/agent-state.ts";
import { keep, stagedPath, type Workplace } from "./workplace.ts";

/** Finishes or undoes a switch that was cut off. @throws FileError */
export async function heal(place: Workplace, state: AgentState): Promise<AgentState> {
  const { pending } = state;
  if (pending?.phase === "applying") return healApplying(place, state, pending);
  if (pending?.phase === "reverting") return finishRevert(place, state, pending);
  return state;
}

async function healApplying(place: Workplace, state: AgentState, pending: PendingVersion): Promise<AgentState> {
  const { installation, events } = place;
  if (await installation.holds(pending)) {
    events.emit({ kind: "healed", version: pending.version, outcome: "finished" });
    return keep(place, applied(state, pending));
  }
  const before = beforeOf(state, pending);
  // The place can be without any version if the system cannot replace a running program. Other content there is the user's.
  const isEmpty = async (version: InstalledVersion): Promise<boolean> =>
    !(await installation.holds(version)) && (await installation.identify()) === undefined;
  if (before !== undefined && (await isEmpty(before)) && (await installation.keeps(before)))
    await installation.restore(before, pending);
  events.emit({ kind: "healed", version: pending.version, outcome: "undone" });
  return keep(place, { ...state, pending: { ...pending, phase: "staged", before: undefined } });
}

/** Installs what is staged. @throws AgentError AGENT_NOT_PENDING and those of the installation; FileError */
export async function switchToStaged(
  place: Workplace,
  state: AgentState,
  options: InstallOptions,
): Promise<AgentState> {
  const { pending } = state;
  if (pending?.phase !== "staged") throw notPending("staged", state);
  const previous = await place.installation.findBefore(state.installed);
  const begun = await keep(place, { ...state, pending: { ...pending, phase: "applying", before: previous ?? null } });
  try {
    await place.installation.place(stagedPath(place, pending.sha256), { next: pending, previous }, options);
  } catch (error) {
    const isLost = AgentError.is(error);
    const undone = await healApplying(place, begun, begun.pending ?? pending);
    if (isLost) await keep(place, { ...undone, pending: undefined });
    throw error;
  }
  place.events.emit({ kind: "applied", version: pending.version });
  return keep(place, applied(begun, begun.pending ?? pending));
}

/** Absent in states that an older agent left: what it had installed. */
function beforeOf({ installed }: AgentState, { before }: PendingVersion): InstalledVersion | undefined {
  return before === undefined ? installed : (before ?? undefined);
}

/** If the version that was missing is installed again, the one before it is still kept. */
function previousOf(state: AgentState, pending: PendingVersion): InstalledVersion | undefined {
  const before = beforeOf(state, pending);
  const isSame = state.installed?.sha256 === pending.sha256;
  return isSame && (before === undefined || before.sha256 === pending.sha256) ? state.previous : before;
}

function applied(state: AgentState, pending: PendingVersion): AgentState {
  return {
    ...state,
    installed: versionOf(pending),
    previous: previousOf(state, pending),
    pending: { ...pending, phase: "applied", starts: 0, before: undefined },
  };
}

/** @throws AgentError AGENT_NOT_PENDING; FileError */
export async function confirmApplied(place: Workplace, state: AgentState): Promise<AgentState> {
  const { pending, installed, previous } = state;
  if (pending?.phase !== "applied") throw notPending("applied", state);
  const confirmed = await keep(place, { ...state, pending: undefined });
  await place.installation.keepOnly([installed, previous].filter((version) => version !== undefined));
  place.events.emit({ kind: "confirmed", version: pending.version });
  return confirmed;
}

/** @throws AgentError AGENT_NO_PREDECESSOR; FileError */
export async function revertInstalled(place: Workplace, state: AgentState, reason: RevertReason): Promise<AgentState> {
  const { installed, previous, pending } = state;
  if (installed === undefined || previous === undefined || !(await place.installation.keeps(previous))) {
    const version = installed?.version ?? "none";
    throw new AgentError("AGENT_NO_PREDECESSOR", `there is no version before ${version} to go back to`, {
      details: { version },
    });
  }
  const kind = pending?.kind ?? "upgrade";
  const begun: PendingVersion = { ...installed, phase: "reverting", kind, starts: 0 };
  const reverted = await finishRevert(place, await keep(place, { ...state, pending: begun }), begun);
  place.events.emit({ kind: "reverted", version: installed.version, to: previous.version, reason });
  return reverted;
}

/**
 * Reverts a version that does not work. If there is none before it, it stays where it is, and a newer one may come.
 * @throws FileError
 */
export async function revertFailed(place: Workplace, state: AgentState, reason: RevertReason): Promise<AgentState> {
  const { installed, previous } = state;
  if (installed === undefined) return state;
  if (previous !== undefined && (await place.installation.keeps(previous)))
    return revertInstalled(place, state, reason);
  const reverted = [...new Set([...state.reverted, installed.version])];
  const abandoned = await keep(place, { ...state, previous: undefined, pending: undefined, reverted });
  place.events.emit({ kind: "abandoned", version: installed.version });
  return abandoned;
}

async function finishRevert(place: Workplace, state: AgentState, pending: PendingVersion): Promise<AgentState> {
  const { previous } = state;
  if (previous === undefined) return keep(place, { ...state, pending: undefined });
  await place.installation.restore(previous, pending);
  const reverted = [...new Set([...state.reverted, pending.version])];
  const installed = previous.version === unknownVersion ? undefined : previous;
  return keep(place, { ...state, installed, previous: undefined, pending: undefined, reverted });
}

function versionOf({ version, sha256, length, path }: InstalledVersion): InstalledVersion {
  return { version, sha256, length, path };
}

export function notPending(wanted: string, { pending }: AgentState): AgentError {
  const got = pending?.phase ?? "nothing";
  return new AgentError("AGENT_NOT_PENDING", `${got} is pending; a version that is ${wanted} is needed`, {
    details: { wanted, got },
  });
}
