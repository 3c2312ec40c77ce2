/**
 * Which paths a set of delegations allows. A path is compared only with patterns that have as many segments and whose text before the
 * first wildcard it begins with, so that thousands of ordinary patterns cost about one comparison. What patterns made for it still
 * cost is counted: the steps of a listing are bounded by a number that grows with the paths that it lists.
 */
import type { DelegatedRole } from "./delegations.ts";
import { TufError } from "./errors.ts";
import type { TargetPath } from "./names.ts";
import { matchesPath } from "./path-pattern.ts";
import { pathHash } from "./succinct.ts";

/** Bounds the steps of comparing many paths; a step takes some nanoseconds. */
export interface MatchBudget {
  /** Steps so far. */
  readonly spent: number;
  /** Whether the last steps were refused. Those of further paths are not. */
  isSpent(): boolean;
  /** Allows the steps of one more path. */
  addPath(): void;
  /** @throws TufError TUF_LIMIT_EXCEEDED */
  spend(steps: number): void;
}

/** For the first paths: a second. */
const firstSteps = 100_000_000;
/** Some forty patterns that differ only behind their first wildcard. */
const stepsPerPath = 5000;

/** Allows the steps of about a second, and those of each path that is added. */
export function createMatchBudget(): MatchBudget {
  let allowed = firstSteps;
  let spent = 0;
  let isSpent = false;
  return {
    get spent() {
      return spent;
    },
    isSpent: () => isSpent,
    addPath() {
      allowed += stepsPerPath;
      spent += 1;
    },
    spend(steps) {
      isSpent = spent + steps > allowed;
      if (isSpent) throw tooManySteps(allowed);
      spent += steps;
    },
  };
}

function tooManySteps(wanted: number): TufError {
  const message = `comparing paths with the patterns of delegations takes over ${wanted} steps`;
  return new TufError("TUF_LIMIT_EXCEEDED", message, { details: { wanted } });
}

export interface PathSet {
  add(role: Pick<DelegatedRole, "paths" | "pathHashPrefixes">): void;
  /** @throws TufError TUF_LIMIT_EXCEEDED if the budget is spent */
  has(path: TargetPath, budget?: MatchBudget): boolean;
}

/** Patterns of one number of segments, by their text before the first wildcard. */
interface Patterns {
  readonly lengths: Set<number>;
  readonly byStart: Map<string, string[]>;
}

/** An empty set, to which the paths of delegations are added (TUF 1.0.34, 4.5). */
export function createPathSet(): PathSet {
  const whole = new Set<string>();
  const bySegments = new Map<number, Patterns>();
  const prefixes = createPrefixes();
  return {
    add({ paths = [], pathHashPrefixes = [] }) {
      for (const pattern of paths) {
        const wildcard = pattern.search(/[*?]/);
        if (wildcard === -1) whole.add(pattern);
        else addPattern(bySegments, pattern, pattern.slice(0, wildcard));
      }
      for (const prefix of pathHashPrefixes) prefixes.add(prefix);
    },
    has(path, budget) {
      budget?.spend(path.length);
      return whole.has(path) || hasPattern(bySegments.get(countSegments(path)), path, budget) || prefixes.has(path);
    },
  };
}

function addPattern(bySegments: Map<number, Patterns>, pattern: string, start: string): void {
  const count = countSegments(pattern);
  const patterns = bySegments.get(count) ?? { lengths: new Set(), byStart: new Map<string, string[]>() };
  bySegments.set(count, patterns);
  patterns.lengths.add(start.length);
  const others = patterns.byStart.get(start);
  if (others === undefined) patterns.byStart.set(start, [pattern]);
  else others.push(pattern);
}

function countSegments(path: string): number {
  return path.split("/").length;
}

function hasPattern(patterns: Patterns | undefined, path: string, budget: MatchBudget | undefined): boolean {
  for (const length of patterns?.lengths ?? []) {
    if (length > path.length) continue;
    budget?.spend(length);
    const near = patterns?.byStart.get(path.slice(0, length)) ?? [];
    if (near.some((pattern) => matchesPath(pattern, path, budget))) return true;
  }
  return false;
}

/** Looked up by their length, of which there are 65 at most. */
function createPrefixes(): { add(prefix: string): void; has(path: TargetPath): boolean } {
  const all = new Set<string>();
  const lengths = new Set<number>();
  return {
    add(prefix) {
      all.add(prefix);
      lengths.add(prefix.length);
    },
    has(path) {
      if (all.size === 0) return false;
      const hash = pathHash(path);
      return [...lengths].some((length) => all.has(hash.slice(0, length)));
    },
  };
}
