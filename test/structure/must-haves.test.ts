/** docs/updater.md has a row for each of the things that an updater must have, and each row names tests that exist. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./sources.ts";
import { readMustHaves } from "./threat-rows.ts";

const rows = readMustHaves();

test("docs/updater.md has every must-have, once and in its order", () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 26 }, (_, at) => `M${at + 1}`));
});

// That the tests ran is the last step of `pnpm test`: claims.ts.
test("each row names tests by a file and by a title that stands in it", () => {
  const wrong = rows.flatMap(({ number, tests }) => {
    const lost = tests.filter((named) => !stands(named));
    return tests.length === 0 ? [`${number} names no test`] : lost.map((named) => `${number}: ${named}`);
  });
  expect(wrong).toEqual([]);
  expect(stands("`test/structure/must-haves.test.ts`: each row names tests by a file")).toBe(true);
  expect(stands("`test/structure/rooms.test.ts`: a title that nobody wrote")).toBe(false);
});

function stands(named: string): boolean {
  const [, file = "?", title] = /^`([^`]+)`: (.+)$/.exec(named) ?? [];
  const path = join(root, file);
  return title !== undefined && existsSync(path) && readFileSync(path, "utf8").includes(title);
}
