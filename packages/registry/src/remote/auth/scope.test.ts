import { expect, test } from "vitest";
import { coverScopes, encodeScope, mergeScopes, type Scope } from "./scope.ts";

function parseScopes(text: string): readonly Scope[] {
  return text.split(" ").map((part) => {
    const [type = "", name = "", actions = ""] = part.split(":");
    return { type, name, actions: actions.split(",") };
  });
}

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
