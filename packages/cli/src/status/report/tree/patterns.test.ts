import { matchesPath } from "@dtuf/tuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coversPattern, overlapsPattern } from "./patterns.ts";

describe("coversPattern", () => {
  test.each([
    ["*", "*", true],
    ["tools/*", "tools/lint-*", true],
    ["tools/lint-*", "tools/*", false],
    ["*/*", "a/b", true],
    ["*", "a/b", false],
    ["a*c", "a?c", true],
    ["a?c", "a*c", false],
    ["a?c", "abc", true],
    ["*b*", "abc", true],
    ["", "", true],
  ])("%s takes all of %s: %s", (outer, inner, expected) => {
    expect(coversPattern(outer, inner)).toBe(expected);
  });
});

describe("overlapsPattern", () => {
  test.each([
    ["a*", "*b", true],
    ["a*", "b*", false],
    ["a?", "?b", true],
    ["a?", "abc", false],
    ["*/x", "y/*", true],
    ["*", "a/b", false],
    ["*", "", true],
  ])("%s and %s share a name: %s", (one, other, expected) => {
    expect(overlapsPattern(one, other)).toBe(expected);
    expect(overlapsPattern(other, one)).toBe(expected);
  });
});

const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "/"), maxLength: 6 });
const name = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 6 });

test("what a client's patterns match agrees: a covered pattern matches no other name, and shared names overlap", () => {
  fc.assert(
    fc.property(pattern, pattern, name, (one, other, path) => {
      const [first, second] = [matchesPath(one, path), matchesPath(other, path)];
      expect(coversPattern(one, other) && second && !first).toBe(false);
      expect(first && second && !overlapsPattern(one, other)).toBe(false);
      expect(overlapsPattern(one, path)).toBe(first);
      expect(coversPattern(one, path)).toBe(first);
    }),
    { numRuns: 5000 },
  );
});
