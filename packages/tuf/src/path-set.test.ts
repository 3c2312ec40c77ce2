import { expectRefused } from "@dtuf/testing/expect-refused";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTargetPath, type TargetPath } from "./names.ts";
import { matchesPath } from "./path-pattern.ts";
import { createMatchBudget, createPathSet, type PathSet } from "./path-set.ts";
import { pathHash } from "./succinct.ts";

function setOf(paths: readonly string[], pathHashPrefixes: readonly string[] = []): PathSet {
  const set = createPathSet();
  set.add({ paths, pathHashPrefixes });
  return set;
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

/** Steps that the set takes for all paths together. */
function stepsFor(set: PathSet, paths: readonly TargetPath[]): number {
  const budget = createMatchBudget();
  for (const path of paths) {
    budget.addPath();
    set.has(path, budget);
  }
  return budget.spent;
}

describe("the paths of a delegation", () => {
  test("are those that one of its patterns matches", () => {
    const unit = fc.constantFrom("a", "b", "*", "?", "/", "\u{1f600}");
    const patterns = fc.array(fc.string({ unit, maxLength: 6 }), { maxLength: 6 });
    const path = fc.string({ unit: fc.constantFrom("a", "b", "/", "\u{1f600}"), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(patterns, path, (all, text) => {
        expect(setOf(all).has(text as TargetPath, createMatchBudget())).toBe(
          all.some((pattern) => matchesPath(pattern, text)),
        );
      }),
      { numRuns: 5000 },
    );
  });

  test("are those whose hash begins with one of its prefixes", () => {
    const path = parseTargetPath("a/x");
    const hash = pathHash(path);
    for (const prefix of ["", hash.slice(0, 1), hash]) expect(setOf([], ["0".repeat(64), prefix]).has(path)).toBe(true);
    expect(setOf([], [hash.slice(1), "0".repeat(64)]).has(path)).toBe(false);
  });
});

describe("the steps of comparing", () => {
  const names = numbers(5000).map((at) => parseTargetPath(`projects/name-${at}/it.tar.gz`));

  test.each([
    ["names", names],
    ["patterns that begin with a name", names.map((name) => name.replace("it", "*"))],
    ["patterns of different depths", names.map((name, at) => `${name}${"/*".repeat(at % 50)}`)],
  ])("are few hundred a path for thousands of %s", (_what, patterns) => {
    expect(stepsFor(setOf(patterns), names) / names.length).toBeLessThan(500);
  });

  test("are bounded by the number of paths, however the patterns are made, and those of later paths are allowed [T290]", () => {
    const evil = setOf(numbers(3000).map((at) => `*${"a".repeat(1500)}b${at}`));
    const path = parseTargetPath("a".repeat(4000));
    const budget = createMatchBudget();
    budget.addPath();
    expectRefused(() => evil.has(path, budget), "TUF_LIMIT_EXCEEDED");
    expect(budget.isSpent()).toBe(true);
    expect(budget.spent).toBeLessThan(200_000_000);
    budget.addPath();
    expect(setOf(["good/*"]).has(parseTargetPath("good/a"), budget)).toBe(true);
    expect(budget.isSpent()).toBe(false);
  });
});
