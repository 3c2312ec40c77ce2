/** Which tests ran, and how they ended: written by a reporter of vitest, read by `pnpm claims`. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";
import { root } from "./sources.ts";

export interface RanTest {
  /** Relative to the root. */
  readonly file: string;
  /** Of the test, then of the suites around it; templates filled in. */
  readonly titles: readonly string[];
  readonly state: "passed" | "failed" | "skipped" | "pending";
}

export const projects = ["unit", "system"] as const;

const pathOf = (project: string): string => join(root, ".build/ran", `${project}.json`);

/** Writes one file for each project that ran; it holds the last run of that project and nothing older. */
export function createRanTestsReporter(): Reporter {
  return {
    onTestRunEnd(modules) {
      for (const [project, own] of Map.groupBy(modules, (module) => module.project.name)) {
        mkdirSync(dirname(pathOf(project)), { recursive: true });
        writeFileSync(pathOf(project), JSON.stringify(own.flatMap(testsOf)));
      }
    },
  };
}

function testsOf(module: TestModule): readonly RanTest[] {
  const file = relative(root, module.moduleId);
  return [...module.children.allTests()].map((test) => ({ file, titles: titlesOf(test), state: test.result().state }));
}

function titlesOf(task: TestCase | TestSuite): readonly string[] {
  return [task.name, ...(task.parent.type === "suite" ? titlesOf(task.parent) : [])];
}

/** @throws where a project never ran */
export function readRanTests(): readonly RanTest[] {
  return projects.flatMap((project) => JSON.parse(readFileSync(pathOf(project), "utf8")) as RanTest[]);
}
