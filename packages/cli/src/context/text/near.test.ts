import { expect, test } from "vitest";
import { describeNear, describeNearCommand, findNear } from "./near.ts";

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

test.each([
  ["list-targets", '"list-copy-targets"'],
  ["list", '"list-copy-targets" or "list-keys"'],
  ["pusblish", '"publish"'],
])("the commands near %s are those that have its words, else those that are spelled like it", (word, near) => {
  const commands = ["push-targets", "publish", "list-copy-targets", "list-keys"];
  expect(describeNearCommand(word, commands)).toBe(`did you mean ${near}?`);
});
