/** Which update there is: what is published, and what this machine remembers. */
import type { CallOptions, Copy } from "@dtuf/copy";
import { parseUnverified } from "@dtuf/tuf";
import type { AgentUpdate, CheckOptions, CheckResult } from "./contract.ts";
import type { InstalledCondition } from "./install/installation.ts";
import { withStallTimeout } from "./patience.ts";
import { parseAgentRelease, verifyReleasePath } from "./release/release.ts";
import { selectRelease, type Machine, type SignedRelease } from "./release/select-release.ts";
import type { AgentState } from "./state/agent-state.ts";
import { findHold, type Hold } from "./when/hold.ts";
import { keep, withState, type Workplace } from "./workplace.ts";

interface Found extends SignedRelease {
  readonly path: string;
}

/** Refreshes, records what is seen for the first time, and decides. */
export async function checkForUpdate(place: Workplace, call: CheckOptions): Promise<CheckResult> {
  const { isAsked = false, stallMs = place.stallMs } = call;
  const work = (signal: AbortSignal, onProgress: () => void): Promise<Found[]> =>
    findReleases(place, { signal, onProgress });
  const found = await withStallTimeout(stallMs, call.signal, work);
  const now = place.now();
  const state = await withState(place, call, async (before) => {
    const after = dropWithdrawn(recordSeen(before, found, now), found);
    return after === before ? before : keep(place, after);
  });
  const { chosen, passedOver, installed } = selectRelease(found, machineOf(place, state, { now, isAsked }));
  const condition = await inspectInstalled(place, state);
  // What was changed may be the user's own; what is missing is nobody's.
  const isGone =
    condition === "missing" && installed?.revoked === false && installed.sha256 === state.installed?.sha256;
  const wanted = chosen ?? (isGone ? ({ release: installed, kind: "install" } as const) : undefined);
  const offer = wanted === undefined ? undefined : await updateOf(place.copy, wanted, call.signal);
  const held = offer === undefined || isAsked ? undefined : await holdOf(place, offer, { state, now });
  const update = held === undefined ? offer : undefined;
  place.events.emit({ kind: "checked", version: update?.release.version });
  return Object.freeze({ update, held, passedOver, installedRelease: installed });
}

/** Compares what is installed with what is there, and reports a difference. Undefined: no version is installed and confirmed. */
export async function inspectInstalled(
  { installation, events }: Pick<Workplace, "installation" | "events">,
  { installed, pending }: AgentState,
): Promise<InstalledCondition | undefined> {
  if (installed === undefined || (pending !== undefined && pending.phase !== "staged")) return undefined;
  const condition = await installation.inspect(installed);
  const { version, path } = installed;
  if (condition !== "whole") events.emit({ kind: "differs", condition, version, path });
  return condition;
}

async function holdOf(
  { policy, events }: Workplace,
  { release: { version }, target: { length } }: AgentUpdate,
  when: { readonly state: AgentState; readonly now: Date },
): Promise<Hold | undefined> {
  const hold = await findHold({ step: "check", version, length }, { policy, ...when });
  if (hold !== undefined) events.emit({ kind: "held", step: "check", version, ...hold });
  return hold;
}

async function findReleases(
  { copy, name, events }: Workplace,
  options: Pick<CallOptions, "signal" | "onProgress">,
): Promise<Found[]> {
  await copy.pullMetadata(options);
  const isOffline = await areTargetsKeysOffline(copy);
  const found: Found[] = [];
  for await (const { path, role, file } of copy.listTargetFiles({ ...options, mode: "cache-if-valid" })) {
    try {
      const release = parseAgentRelease(file.custom);
      const sha256 = file.hashes.get("sha256");
      if (release?.name !== name || sha256 === undefined) continue;
      verifyReleasePath(path, release);
      found.push({ ...release, path, sha256, isSignedOffline: isOffline && role === "targets" });
    } catch (error) {
      events.emit({ kind: "release-skipped", path, error });
    }
  }
  return found;
}

/** Whether the keys that timestamp and snapshot are signed with cannot sign targets by themselves. */
async function areTargetsKeysOffline(copy: Copy): Promise<boolean> {
  const roots = (await copy.trustedFiles()).filter(({ role }) => role === "root");
  const newest = roots.toSorted((a, b) => b.version - a.version)[0];
  if (newest === undefined) return false;
  const { roles, keys } = parseUnverified(newest.bytes, "root");
  const material = (ids: Iterable<string>): ReadonlySet<string> =>
    new Set([...keys].filter(([id]) => [...ids].includes(id)).map(([, key]) => JSON.stringify(key.keyval)));
  const online = material([...roles.timestamp.keyIds, ...roles.snapshot.keyIds]);
  const shared = [...material(roles.targets.keyIds)].filter((key) => online.has(key)).length;
  return shared < roles.targets.threshold;
}

/** A version that waits is not installed any more if it was revoked, or is not published any more. */
function dropWithdrawn(state: AgentState, found: readonly Found[]): AgentState {
  const { pending } = state;
  if (pending?.phase !== "staged") return state;
  const isSame = ({ version, sha256 }: Found): boolean => version === pending.version && sha256 === pending.sha256;
  return found.some((each) => !each.revoked && isSame(each)) ? state : { ...state, pending: undefined };
}

/**
 * The same state if everything was seen before. What is not published any more is forgotten. A record of the future was made by a
 * clock that was wrong: it becomes now, or its release would wait until then.
 */
function recordSeen(state: AgentState, found: readonly Found[], now: Date): AgentState {
  const isSane = (at: string | undefined): at is string => at !== undefined && new Date(at) <= now;
  const seen = found.map(({ sha256 }): [string, string] => {
    const at = Object.hasOwn(state.firstSeen, sha256) ? state.firstSeen[sha256] : undefined;
    return [sha256, isSane(at) ? at : now.toISOString()];
  });
  const firstSeen = Object.fromEntries(seen);
  const isKnown = Object.keys(firstSeen).length === Object.keys(state.firstSeen).length;
  return isKnown && seen.every(([key, at]) => state.firstSeen[key] === at) ? state : { ...state, firstSeen };
}

function machineOf(
  { name, channels, platform, cooldownMs }: Workplace,
  state: AgentState,
  asked: Pick<Machine, "now" | "isAsked">,
): Machine {
  return {
    ...{ name, channels, platform, cooldownMs, ...asked },
    installId: state.installId,
    installed: state.installed?.version,
    skipped: new Set(state.skipped),
    reverted: new Set(state.reverted),
    firstSeen: new Map(Object.entries(state.firstSeen).map(([sha256, at]) => [sha256, new Date(at)])),
  };
}

async function updateOf(
  copy: Copy,
  { release, kind }: { readonly release: Found; readonly kind: AgentUpdate["kind"] },
  signal: AbortSignal | undefined,
): Promise<AgentUpdate | undefined> {
  const target = await copy.findTarget(release.path, { signal, mode: "cache-if-valid" });
  return target === undefined ? undefined : Object.freeze({ release, kind, target });
}
