/**
 * Paths that a terminating delegation or hash bins took: a search ends there (TUF 1.0.34, 5.6.7), so what later roles list under
 * them is found by nobody.
 */
import { matchesPath, pathHash, type DelegatedRole, type TargetPath } from "@dtuf/tuf";

export interface TakenPaths {
  /** "all": those that the delegator itself is allowed, because it has hash bins. */
  add(delegator: Delegator, role: DelegatedRole | "all"): void;
  has(path: TargetPath): boolean;
}

/** Its delegations count for the paths that are delegated to it. */
export interface Delegator {
  readonly allows: (path: TargetPath) => boolean;
}

/** Of one delegator. Prefixes are looked up, because some repositories have thousands of roles by prefixes. */
interface Taken {
  isAll: boolean;
  readonly patterns: string[];
  readonly prefixes: Set<string>;
  readonly prefixLengths: Set<number>;
}

export function createTakenPaths(): TakenPaths {
  const byDelegator = new Map<Delegator, Taken>();
  return {
    add(delegator, role) {
      const taken = byDelegator.get(delegator) ?? nothing();
      byDelegator.set(delegator, taken);
      if (role === "all") taken.isAll = true;
      else {
        for (const pattern of role.paths ?? []) taken.patterns.push(pattern);
        for (const prefix of role.pathHashPrefixes ?? []) {
          taken.prefixes.add(prefix);
          taken.prefixLengths.add(prefix.length);
        }
      }
    },
    has: (path) => [...byDelegator].some(([{ allows }, taken]) => allows(path) && isTaken(taken, path)),
  };
}

function nothing(): Taken {
  return { isAll: false, patterns: [], prefixes: new Set(), prefixLengths: new Set() };
}

function isTaken({ isAll, patterns, prefixes, prefixLengths }: Taken, path: TargetPath): boolean {
  if (isAll || patterns.some((pattern) => matchesPath(pattern, path))) return true;
  if (prefixes.size === 0) return false;
  const hash = pathHash(path);
  return [...prefixLengths].some((length) => prefixes.has(hash.slice(0, length)));
}
