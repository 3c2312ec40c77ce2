/** The longest files begin first, so that no core is idle at the end of a run; the many short ones of `unit` end it. */
import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { root } from "../structure/sources.ts";

/** Files and folders, relative to the root. */
const longest = [
  "test/packages/release.test.ts",
  "test/kill/",
  "test/team/year.test.ts",
  "test/docs/ci.test.ts",
  "test/cli/terminal",
  "test/cli/rotation-secrets.test.ts",
  "test/master/",
  "test/attacks/refresh-timer.test.ts",
  "test/packages/",
  "test/cli/update-ways.test.ts",
  "test/cli/progress.test.ts",
];

function placeOf({ moduleId, project }: TestSpecification): number {
  if (project.name === "unit") return Number.POSITIVE_INFINITY;
  const place = longest.findIndex((path) => relative(root, moduleId).startsWith(path));
  return place < 0 ? longest.length : place;
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Infinity minus Infinity would be no number.
    return sorted.toSorted((a, b) => (placeOf(a) === placeOf(b) ? 0 : placeOf(a) < placeOf(b) ? -1 : 1));
  }
}
