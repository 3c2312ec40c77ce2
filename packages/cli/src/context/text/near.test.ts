import { expect, test } from "vitest";
import { describeNear, findNear } from "./near.ts";

test.each([
  ["push-targt", ["push-target"]],
  ["psuh-target", ["push-target"]],
  ["push-targets", ["push-targets"]],
  ["PULL", ["pull"]],
  ["sync", []],
  ["", []],
])("%s is near %j", (word, near) => {
  expect(findNear(word, ["push-target", "push-targets", "pull"])).toEqual(near);
});

test("of many that are as near, three are named, and a word without end is compared with nothing", () => {
  const many = Array.from({ length: 100 }, (_, at) => `app-1.${at}`);
  expect(describeNear("app-1.x", many)).toBe('did you mean "app-1.0" or "app-1.1" or "app-1.2"?');
  expect(findNear("a".repeat(100_000), ["a".repeat(100_000)])).toEqual([]);
});
