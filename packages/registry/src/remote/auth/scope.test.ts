import { expect, test } from "vitest";
import { coverScopes, encodeScope, mergeScopes, parseScopes } from "./scope.ts";

test("scopes are read as registries write them, and what is none is left out", () => {
  const text = " repository:a/b:push,pull  registry:catalog:* repository(plugin):h:5000/x:pull nonsense a:b ";
  expect(parseScopes(text).map(encodeScope)).toEqual([
    "repository:a/b:push,pull",
    "registry:catalog:*",
    "repository(plugin):h:5000/x:pull",
  ]);
});

test("scopes of one repository become one, in order of appearance", () => {
  const merged = mergeScopes(parseScopes("repository:a:pull repository:b:pull repository:a:push,pull"));
  expect(merged.map(encodeScope)).toEqual(["repository:a:pull,push", "repository:b:pull"]);
});

test.each([
  ["repository:a:pull,push", "repository:a:pull", true],
  ["repository:a:pull", "repository:a:pull,push", false],
  ["repository:a:pull,push", "repository:b:pull", false],
  ["repository:a:pull repository:b:pull", "repository:b:pull repository:a:pull", true],
  ["registry:a:pull", "repository:a:pull", false],
])("a token for %s is one for %s: %s", (held, wanted, covered) => {
  expect(coverScopes(parseScopes(held), parseScopes(wanted))).toBe(covered);
});
