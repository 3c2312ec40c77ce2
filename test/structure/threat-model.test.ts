import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "./sources.ts";

interface Row {
  readonly number: string;
  readonly defence: string;
  /** file: title */
  readonly tests: readonly string[];
}

const rows: readonly Row[] = readFileSync(join(root, "docs/threat-model.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| T\d+ \|/.test(line))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([, number = "", , defence = "", tests = ""]) => ({
    number,
    defence,
    tests: tests.split("<br>").filter((named) => named !== ""),
  }));

function range(first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `T${first + index}`);
}

describe("docs/threat-model.md", () => {
  test("has every row that must be there, once", () => {
    const numbers = rows.map(({ number }) => number);
    const wanted = [...range(1, 42), ...range(50, 84), ...range(110, 119)];
    expect(wanted.filter((number) => !numbers.includes(number))).toEqual([]);
    expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
  });

  test("names a test for every attack, or says why there is none", () => {
    const bare = rows.filter(({ defence, tests }) => tests.length === 0 && !defence.startsWith("does not apply"));
    expect(bare.map(({ number }) => number)).toEqual([]);
  });

  test("names only tests that exist", () => {
    const missing = rows.flatMap(({ number, tests }) =>
      tests.filter((named) => !exists(named)).map((named) => `${number}: ${named}`),
    );
    expect(missing).toEqual([]);
  });
});

function exists(named: string): boolean {
  const [, file = "", title = ""] = /^`([^`]+)`: (.+)$/.exec(named) ?? [];
  const path = join(root, file);
  return title !== "" && existsSync(path) && readFileSync(path, "utf8").includes(title);
}
