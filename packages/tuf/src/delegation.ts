/**
 * Finds the role that is trusted for a path. The search (TUF 1.0.34, 5.6.7) visits roles in pre-order: a role's own targets
 * before its delegations, delegations in their listed order, and none after a terminating one that matches. A role is
 * visited once, so cycles end. After `maxDelegations` delegated roles the search fails instead of returning "not found".
 * Each role counts only as verified for the delegator that led to it, not as verified through another path.
 */
import type { DelegatedRole, Delegations } from "./delegations.ts";
import { TufError } from "./errors.ts";
import type { TargetFile } from "./file-info.ts";
import type { RoleName, TargetPath } from "./names.ts";
import { parseRoleName } from "./names.ts";
import { createPathSet, type MatchBudget, type PathSet } from "./path-set.ts";
import { binName } from "./succinct.ts";
import type { Targets } from "./targets.ts";
import type { TrustedSet } from "./trusted-set.ts";

export interface FoundTarget {
  readonly path: TargetPath;
  readonly file: TargetFile;
  /** The role that delegates to it. */
  readonly role: RoleName;
}

/** One role that the search visited. */
export interface WalkStep {
  readonly role: RoleName;
  readonly delegator: RoleName;
  readonly outcome: "found" | "not-here";
}

/** Fetches one delegated role and passes it to `set.updateDelegated(role, delegator, file)`. */
export type LoadRole = (role: RoleName, delegator: RoleName) => Promise<void>;

export interface FindTargetOptions {
  /** Called for each role that the set does not have as verified for its delegator. */
  readonly load: LoadRole;
  readonly trace?: ((step: WalkStep) => void) | undefined;
  /** For searches of many paths. Default: unbounded, because one search is bounded by the metadata's size. */
  readonly budget?: MatchBudget | undefined;
}

interface Visit {
  readonly role: RoleName;
  readonly delegator: RoleName;
}

const start: Visit = { role: parseRoleName("targets"), delegator: parseRoleName("root") };

/**
 * Returns the target of this path, or undefined if no role that is trusted for the path lists it.
 * @throws TufError TUF_OUT_OF_ORDER before the top-level targets are loaded or if `load` did not load a role, TUF_LIMIT_EXCEEDED;
 *   the error of `load`
 */
export async function findTarget(
  set: TrustedSet,
  path: TargetPath,
  options: FindTargetOptions,
): Promise<FoundTarget | undefined> {
  const visited = new Set<RoleName>();
  const toVisit = [start];
  for (let visit = toVisit.pop(); visit !== undefined; visit = toVisit.pop()) {
    if (visited.has(visit.role)) continue;
    if (visited.size > set.limits.maxDelegations) throw tooManyRoles(path, set.limits.maxDelegations);
    visited.add(visit.role);
    const targets = await loaded(set, visit, options.load);
    const file = targets.targets.get(path);
    options.trace?.({ ...visit, outcome: file === undefined ? "not-here" : "found" });
    if (file !== undefined) return { path, file, role: visit.role };
    const next = delegatesFor(targets.delegations, path, options.budget);
    if (next.terminating) toVisit.length = 0;
    for (const role of next.roles.toReversed()) toVisit.push({ role, delegator: visit.role });
  }
  return undefined;
}

async function loaded(set: TrustedSet, visit: Visit, load: LoadRole): Promise<Targets> {
  const held = find(set, visit);
  if (held !== undefined) return held;
  if (visit !== start) await load(visit.role, visit.delegator);
  const targets = find(set, visit);
  if (targets === undefined) throw new TufError("TUF_OUT_OF_ORDER", `${visit.role} is not loaded`);
  return targets;
}

function find(set: TrustedSet, visit: Visit): Targets | undefined {
  return (visit === start ? set.targets : set.delegated(visit.role, visit.delegator))?.signed;
}

function tooManyRoles(path: TargetPath, wanted: number): TufError {
  return new TufError("TUF_LIMIT_EXCEEDED", `looking for ${JSON.stringify(path)} needs more than ${wanted} roles`, {
    details: { path, wanted },
  });
}

interface Delegates {
  readonly roles: readonly RoleName[];
  readonly terminating: boolean;
}

/** The roles that are trusted for the path, in order, up to and including the first terminating one. */
function delegatesFor(delegations: Delegations | undefined, path: TargetPath, budget?: MatchBudget): Delegates {
  if (delegations === undefined) return { roles: [], terminating: false };
  if (delegations.kind === "succinct") return { roles: [binName(delegations.succinct, path)], terminating: true };
  const roles: RoleName[] = [];
  for (const role of delegations.roles) {
    if (!pathsOf(role).has(path, budget)) continue;
    roles.push(role.name);
    if (role.terminating) return { roles, terminating: true };
  }
  return { roles, terminating: false };
}

/** Whether the delegations let the role sign the path, if nothing before it in the order takes the path. */
export function isDelegatedPath(delegations: Delegations, name: RoleName, path: TargetPath): boolean {
  return delegatedPaths(delegations, name).has(path);
}

/** The paths that the delegations let the role sign, if nothing before it in the order takes them. */
export function delegatedPaths(delegations: Delegations, name: RoleName): Pick<PathSet, "has"> {
  if (delegations.kind === "succinct") return { has: (path) => binName(delegations.succinct, path) === name };
  const role = delegations.roles.find((listed) => listed.name === name);
  return role === undefined ? createPathSet() : pathsOf(role);
}

const known = new WeakMap<DelegatedRole, PathSet>();

function pathsOf(role: DelegatedRole): PathSet {
  const found = known.get(role) ?? createPathSet();
  if (!known.has(role)) found.add(role);
  known.set(role, found);
  return found;
}
