import { describe, expect, test } from "vitest";
import { findClashWarning, findNameClashes } from "./name-clash.ts";

describe("names of targets that cannot lie in one directory", () => {
  test.each([
    ["differ in case alone", ["a", "b", "A"], [{ between: [0, 2], kind: "name" }]],
    ["differ in the spelling of an accent", ["\u00e9", "e\u0301"], [{ between: [0, 1], kind: "name" }]],
    ["are a file and its directory", ["x/a/b/c", "x/A"], [{ between: [1, 0], kind: "directory" }]],
    [
      "are three of one name",
      ["a", "A", "a/b"],
      [
        { between: [0, 1], kind: "name" },
        { between: [0, 2], kind: "directory" },
      ],
    ],
    ["have one beginning", ["a", "ab", "ab.c", "b/a", "b/ab"], []],
  ] as const)("%s", (_what, names, clashes) => {
    expect(findNameClashes(names)).toEqual(clashes);
  });

  test("are named in a warning if one of them counts, and a name that two roles list is one", () => {
    const names = ["a", "a", "A", "b", "b/c"];
    expect(findClashWarning(names, (name) => name === "b")).toMatch(
      /^the target "b" is a file, and "b\/c" needs a directory/,
    );
    expect(findClashWarning(names, () => true)).toMatch(
      /^the targets "a" and "A" are one file name.* \(1 more such pairs\)/,
    );
    expect(findClashWarning(["a", "a"], () => true)).toBeUndefined();
  });

  test("are found among a hundred thousand", () => {
    const names = Array.from({ length: 100_000 }, (_each, index) => `dir-${index % 100}/sub/file-${index}`);
    expect(findNameClashes([...names, "DIR-7/SUB/FILE-7"])).toEqual([{ between: [7, 100_000], kind: "name" }]);
  });
});
