/**
 * Paths that a terminating delegation or hash bins took: a search ends there (TUF 1.0.34, 5.6.7), so what later roles list under
 * them is found by nobody.
 */
import { createPathSet, type DelegatedRole, type MatchBudget, type PathSet, type TargetPath } from "@dtuf/tuf";

export interface TakenPaths {
  /** "all": those that the delegator itself is allowed, because it has hash bins. */
  add(delegator: Delegator, role: DelegatedRole | "all"): void;
  has(path: TargetPath): boolean;
}

/** Its delegations count for the paths that are delegated to it. */
export interface Delegator {
  readonly allows: (path: TargetPath) => boolean;
}

export function createTakenPaths(budget: MatchBudget): TakenPaths {
  const byDelegator = new Map<Delegator, { isAll: boolean; readonly paths: PathSet }>();
  return {
    add(delegator, role) {
      const taken = byDelegator.get(delegator) ?? { isAll: false, paths: createPathSet() };
      byDelegator.set(delegator, taken);
      if (role === "all") taken.isAll = true;
      else taken.paths.add(role);
    },
    has(path) {
      budget.spend(byDelegator.size);
      return [...byDelegator].some(
        ([{ allows }, { isAll, paths }]) => allows(path) && (isAll || paths.has(path, budget)),
      );
    },
  };
}
