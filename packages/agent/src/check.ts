/** Which update there is: what is published, and what this machine remembers. */
import type { Copy } from "@dtuf/copy";
import { parseUnverified } from "@dtuf/tuf";
import type { AgentUpdate, CheckOptions, CheckResult } from "./contract.ts";
import { parseAgentRelease } from "./release/release.ts";
import { selectRelease, type Machine, type SignedRelease } from "./release/select-release.ts";
import type { AgentState } from "./state/agent-state.ts";
import { keep, withState, type Workplace } from "./workplace.ts";

interface Found extends SignedRelease {
  readonly path: string;
}

/** Refreshes, records what is seen for the first time, and decides. */
export async function checkForUpdate(
  place: Workplace,
  { signal, isAsked = false }: CheckOptions,
): Promise<CheckResult> {
  await place.copy.pullMetadata({ signal });
  const found = await findReleases(place, signal);
  const now = place.now();
  const state = await withState(place, signal, async (before) => {
    const seen = recordSeen(before, found, now);
    return seen === undefined ? before : keep(place, seen);
  });
  const { chosen, passedOver, installed } = selectRelease(found, machineOf(place, state, { now, isAsked }));
  const isPostponed = !isAsked && state.postponedUntil !== undefined && now < new Date(state.postponedUntil);
  const update = chosen === undefined || isPostponed ? undefined : await updateOf(place.copy, chosen, signal);
  place.events.emit({ kind: "checked", version: update?.release.version });
  return Object.freeze({ update, passedOver, installedRelease: installed });
}

async function findReleases({ copy, name, events }: Workplace, signal: AbortSignal | undefined): Promise<Found[]> {
  const isOffline = await areTargetsKeysOffline(copy);
  const found: Found[] = [];
  for await (const { path, role, file } of copy.listTargetFiles({ signal, mode: "cache-if-valid" })) {
    try {
      const release = parseAgentRelease(file.custom);
      const sha256 = file.hashes.get("sha256");
      if (release?.name !== name || sha256 === undefined) continue;
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

/** Undefined if everything was seen before. What is not published any more is forgotten. */
function recordSeen(state: AgentState, found: readonly Found[], now: Date): AgentState | undefined {
  const seen = found.map(({ sha256 }): [string, string] => [sha256, state.firstSeen[sha256] ?? now.toISOString()]);
  const isKnown = seen.length === Object.keys(state.firstSeen).length && seen.every(([key]) => key in state.firstSeen);
  return isKnown ? undefined : { ...state, firstSeen: Object.fromEntries(seen) };
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
