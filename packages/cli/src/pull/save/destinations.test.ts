import { parseTargetPath } from "@dtuf/tuf";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../context/usage.ts";
import { fileNameOf } from "./destinations.ts";

const nameOf = (path: string, platform: string): string => fileNameOf({ path: parseTargetPath(path) }, platform);

describe("a target's name as a file in the directory of --output", () => {
  test.each(["con", "dir/aux.txt", "dot.", "what?", "a/LPT1"])("%j is refused on Windows alone", (path) => {
    expect(() => nameOf(path, "win32")).toThrow(UsageError);
    expect(nameOf(path, "linux")).toBe(path.slice(path.lastIndexOf("/") + 1));
  });

  test.each([String.raw`back\slash`, String.raw`..\x`, "a:b", String.raw`C:\x`])("%j is refused everywhere", (path) => {
    for (const platform of ["win32", "linux", "darwin"]) expect(() => nameOf(path, platform)).toThrow(UsageError);
  });
});
