import { describe, expect, test } from "vitest";
import { parseTag } from "@dtuf/registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { filterTags } from "./tag-filters.ts";
import { parseSemverConstraint, parseTagRegex } from "./tag-pattern.ts";

describe("regular expressions", () => {
  test("match anywhere in the tag, like skopeo", () => {
    expect(parseTagRegex("1")("v1.2")).toBe(true);
    expect(parseTagRegex("^1")("v1.2")).toBe(false);
  });

  test.each(["(", "[", "a{2,1}", "(?=a)", "\\1"])("%j is not an RE2 expression", (text) => {
    expectRefused(() => parseTagRegex(text), "MIRROR_PATTERN_INVALID");
  });

  test("a pattern that takes exponential time in other engines takes linear time", () => {
    expect(parseTagRegex("^(a+)+$")(`${"a".repeat(100)}!`)).toBe(false);
  });
});

describe("version constraints", () => {
  test.each([
    [">= 1.2", ["1.2", "v1.3.0", "2"], ["1.1.9", "latest", "1.3.0-rc.1", "1.2.3.4"]],
    [">= 1.0, < 2", ["1.0", "1.9.9"], ["2.0", "0.9", "1.5.0-beta"]],
    [">=1.0 <2 || 3.x", ["1.5", "3.4.5"], ["2.0", "4.0"]],
    ["~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0"]],
    ["^1.2", ["1.2.0", "1.9"], ["2.0.0"]],
    ["1.2 - 1.4", ["1.2.0", "1.4.9"], ["1.5.0"]],
    ["!= 1.2.3, ^1.2", ["1.2.4"], ["1.2.3"]],
    [">= 1.0.0-0", ["1.0.0-rc.1", "1.5.0-beta", "1.5.0"], ["0.9.0"]],
    ["*", ["1", "v0.0.1"], ["dev", "1.0.0-rc.1"]],
  ])("%j", (constraint, matching, others) => {
    const test = parseSemverConstraint(constraint);
    expect(matching.filter((tag) => !test(tag))).toEqual([]);
    expect(others.filter((tag) => test(tag))).toEqual([]);
  });

  test.each(["latest", ">= x.y.z.w", "1 ||| 2"])("%j is not a version constraint", (text) => {
    expectRefused(() => parseSemverConstraint(text), "MIRROR_PATTERN_INVALID");
  });
});

test("the order of tags is always the same; the newest are the highest versions", async () => {
  const tags = ["b", "1.10", "1.9", "a", "v1.2", "1.10-rc"].map(parseTag);
  const filters = { include: [], exclude: [] };
  expect(await filterTags(tags, filters)).toEqual(await filterTags(tags.toReversed(), filters));
  expect(await filterTags(tags, { ...filters, newest: 2 })).toEqual(["1.10", "1.10-rc"]);
});
