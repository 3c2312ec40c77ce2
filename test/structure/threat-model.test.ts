import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RanTest } from "./ran-tests.ts";
import { root } from "./sources.ts";
import { findUnproved, parseThreatRows, readThreatRows } from "./threat-rows.ts";

const rows = readThreatRows();

function range(first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `T${first + index}`);
}

describe("docs/threat-model.md", () => {
  test("has every row that must be there, once", () => {
    const numbers = rows.map(({ number }) => number);
    const wanted = [
      ...range(1, 42),
      ...range(50, 84),
      ...range(90, 106),
      ...range(110, 128),
      ...range(132, 141),
      ...range(150, 155),
      ...range(180, 184),
    ];
    expect(wanted.filter((number) => !numbers.includes(number))).toEqual([]);
    expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
  });

  test("names a test for every attack, or says why there is none", () => {
    const bare = rows.filter(
      ({ defence, tests }) => tests.length === 0 && !defence.startsWith("does not apply because"),
    );
    expect(bare.map(({ number }) => number)).toEqual([]);
  });

  // That the tests ran is the last step of `pnpm test`: claims.ts.
  test("names a file and a title for every test", () => {
    const wrong = rows.flatMap(({ number, tests }) =>
      tests
        .filter((named) => !existsSync(join(root, /^`([^`]+)`: .+$/.exec(named)?.[1] ?? "?")))
        .map((named) => [number, named]),
    );
    expect(wrong).toEqual([]);
  });
});

describe("A row is proved by a test", () => {
  const ran = (title: string, state: RanTest["state"] = "passed", file = "a.test.ts"): RanTest => ({
    file,
    titles: [title],
    state,
  });
  const row = (named: string) => parseThreatRows(`| T1 | an attack | a defence | \`a.test.ts\`: ${named} |`);

  test("that ran and passed, and by no other", () => {
    expect(findUnproved(row("is refused [T1]"), [ran("is refused [T1]")])).toEqual([]);
    const others: readonly (readonly RanTest[])[] = [
      [],
      [ran("is refused")],
      [ran("not: is refused [T1]")],
      [ran("is refused [T1]", "passed", "b.test.ts")],
      ...(["failed", "skipped", "pending"] as const).map((state) => [ran("is refused [T1]", state)]),
    ];
    for (const tests of others) expect(findUnproved(row("is refused [T1]"), tests)).toHaveLength(1);
  });

  test("with a template for its title, if all that it was filled with passed", () => {
    const named = row("refuses %j of $role \\| (%s) [T1]");
    const filled = 'refuses {"a": "\\n"} of root | (one\ntwo) [T1]';
    expect(findUnproved(named, [ran(filled)])).toEqual([]);
    expect(findUnproved(named, [ran(filled), ran("refuses 1 of root | (x) [T1]", "skipped")])).toHaveLength(1);
    expect(findUnproved(named, [ran("refuses 1 of root | (x)")])).toHaveLength(1);
  });

  test("by its suite, if every test of the suite passed", () => {
    const inSuite = (state: RanTest["state"]): RanTest => ({
      ...ran("a case", state),
      titles: ["a case", "a suite [T1]"],
    });
    expect(findUnproved(row("a suite [T1]"), [inSuite("passed"), inSuite("passed")])).toEqual([]);
    expect(findUnproved(row("a suite [T1]"), [inSuite("passed"), inSuite("skipped")])).toHaveLength(1);
  });
});
