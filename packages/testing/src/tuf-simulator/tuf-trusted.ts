/** A client without cache or network over a simulator's files: the shortest way to a trusted set in a test. */
import { TufError, createTrustedSet } from "@dtuf/tuf";
import type { Limits, LoadRole, RoleName, TopLevelRole, TrustedSet } from "@dtuf/tuf";
import type { TufSimulator } from "./tuf-simulator.ts";

export const testNow: Date = new Date("2030-01-02T00:00:00Z");

export interface TrustOptions {
  /** Default: the simulator's first root. */
  readonly pin?: Uint8Array;
  readonly now?: Date;
  readonly limits?: Partial<Limits>;
  /** The last step to do. Default: targets. */
  readonly until?: TopLevelRole;
}

/** The file that the set wants next for a role. */
export function wantedFileOf(sim: TufSimulator, set: TrustedSet, role: TopLevelRole | RoleName): Uint8Array {
  const name = role === "timestamp" ? "timestamp.json" : sim.fileName(role, set.wanted(role).version ?? 0);
  const file = sim.files.get(name);
  if (file === undefined) throw new Error(`the simulator has not published ${name}`);
  return file;
}

/** Adds what the simulator has published, step by step. */
export function trustSimulator(sim: TufSimulator, options: TrustOptions = {}): TrustedSet {
  const { now = testNow, limits, until = "targets" } = options;
  const pin = options.pin ?? sim.files.get("1.root.json") ?? new Uint8Array();
  const set = createTrustedSet({ root: pin, now, limits });
  for (let next = sim.files.get(rootName(set)); next !== undefined; next = sim.files.get(rootName(set))) {
    set.updateRoot(next);
  }
  set.finishRoot();
  if (until === "root") return set;
  set.updateTimestamp(wantedFileOf(sim, set, "timestamp"));
  if (until === "timestamp") return set;
  set.updateSnapshot(wantedFileOf(sim, set, "snapshot"), "source");
  if (until === "targets") set.updateTargets(wantedFileOf(sim, set, "targets"));
  return set;
}

/** Loads delegated roles from the simulator. */
export function loadFrom(sim: TufSimulator, set: TrustedSet): LoadRole {
  return async (role, delegator) => set.updateDelegated(role, delegator, wantedFileOf(sim, set, role));
}

function rootName(set: TrustedSet): string {
  return `${set.wanted("root").version}.root.json`;
}

/** Returns the error code with which an attack was refused, or a text that says what happened instead. */
export function refusalOf(set: TrustedSet, attack: () => unknown): string {
  const before = [set.root, set.timestamp, set.snapshot, set.targets];
  try {
    attack();
    return "not refused";
  } catch (error) {
    const after = [set.root, set.timestamp, set.snapshot, set.targets];
    if (after.some((trusted, at) => trusted !== before[at])) return "refused, but the trusted state moved";
    if (!TufError.is(error)) throw error;
    return error.code;
  }
}
