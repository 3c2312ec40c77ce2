import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesPath } from "./path-pattern.ts";

describe("path patterns", () => {
  test.each([
    ["*.tgz", "foo.tgz"],
    ["*", ".hidden"],
    ["dir/*", "dir/.env"],
    ["#x", "#x"],
    ["!a", "!a"],
    ["{a,b}", "{a,b}"],
    ["+(a)", "+(a)"],
    ["[ab]", "[ab]"],
    ["**", "anything"],
    ["foo-version-?.tgz", "foo-version-a.tgz"],
    ["?", "\u{1f600}"],
    ["a/*/c", "a/b/c"],
    ["*/*", "/"],
    ["*a*b*", "xxaxxbxx"],
    ["/abs", "/abs"],
  ])("%s matches %s [T38]", (pattern, path) => {
    expect(matchesPath(pattern, path)).toBe(true);
  });

  test.each([
    ["!a", "b"],
    ["{a,b}", "a"],
    ["+(a)", "aaa"],
    ["[ab]", "a"],
    ["*", "a/b"],
    ["**", "a/b"],
    ["a/**", "a/b/c"],
    ["targets/*.tgz", "targets/a/b.tgz"],
    ["a?b", "a/b"],
    ["?", ""],
    ["A", "a"],
    ["a", "a/"],
    ["abs", "/abs"],
    ["*a*b", "ba"],
  ])("%s does not match %s [T38]", (pattern, path) => {
    expect(matchesPath(pattern, path)).toBe(false);
  });

  test("agrees with the plain definition", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "/"), maxLength: 8 });
    const path = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 8 });
    fc.assert(
      fc.property(part, path, (pattern, text) => {
        const source = pattern.replaceAll("*", "[^/]*").replaceAll("?", "[^/]");
        expect(matchesPath(pattern, text)).toBe(new RegExp(`^${source}$`).test(text));
      }),
      { numRuns: 5000 },
    );
  });

  test("a pattern made to backtrack ends [T38]", () => {
    expect(matchesPath("*a".repeat(500) + "b", "a".repeat(4000))).toBe(false);
  });
});
