/**
 * Stands in for vitest's runner, which needs sockets and a bundler of Windows' own: runs the tests of one file one after
 * the other in this process. `expect` is vitest's. Only what the tests of files and state use is here.
 */
import { format } from "node:util";
import { expect, vi } from "vitest";

/** vitest gives a test `skip`, which ends it. */
type Work = (context: { readonly skip: () => never }) => unknown;
type Step = () => unknown;
type Body = (...row: readonly never[]) => unknown;

interface Suite {
  readonly title: string;
  readonly above: Suite | undefined;
  readonly before: Step[];
  readonly after: Step[];
  readonly once: Step[];
  readonly finally: Step[];
}

interface Case {
  readonly suite: Suite;
  readonly title: string;
  readonly work: Work;
}

export interface Outcome {
  readonly title: string;
  /** Undefined: passed. */
  readonly failure: string | undefined;
}

const createSuite = (title: string, above?: Suite): Suite => ({
  title,
  above,
  before: [],
  after: [],
  once: [],
  finally: [],
});

let current = createSuite("");
const suites: Suite[] = [current];
const cases: Case[] = [];

function addTest(title: string, ...more: readonly unknown[]): void {
  const work = more.find((one) => typeof one === "function") as Work;
  cases.push({ suite: current, title, work });
}

function addSuite(title: string, work: Step): void {
  const above = current;
  current = createSuite(title, above);
  suites.push(current);
  work();
  current = above;
}

/** `%s` and the like take the row's elements, `$name` a property of the row. */
function eachOf(add: (title: string, work: Step) => void) {
  return (rows: readonly unknown[]) =>
    (title: string, ...more: readonly unknown[]): void => {
      const body = more.find((one) => typeof one === "function") as Body;
      for (const row of rows) {
        const words = (Array.isArray(row) ? row : [row]) as unknown as readonly never[];
        const named = title.replaceAll(/\$(\w+)/g, (_all, key: string) => String(Reflect.get(Object(row), key)));
        add(/%[a-z]/.test(named) ? format(named, ...words) : named, () => body(...words));
      }
    };
}

export const test = Object.assign(addTest, { each: eachOf(addTest) });
export const describe = Object.assign(addSuite, { each: eachOf(addSuite) });
export const beforeEach = (work: Step): unknown => current.before.push(work);
export const afterEach = (work: Step): unknown => current.after.push(work);
export const beforeAll = (work: Step): unknown => current.once.push(work);
export const afterAll = (work: Step): unknown => current.finally.push(work);
export { expect, vi };

function lineage(suite: Suite): readonly Suite[] {
  return suite.above === undefined ? [suite] : [...lineage(suite.above), suite];
}

class Skipped extends TypeError {}

const context = {
  skip(): never {
    throw new Skipped("skipped");
  },
};

async function runCase({ suite, title, work }: Case): Promise<Outcome> {
  const path = lineage(suite);
  const named = [...path.map((one) => one.title), title].filter((part) => part !== "").join(" > ");
  try {
    for (const { before } of path) for (const step of before) await step();
    await work(context);
    return { title: named, failure: undefined };
  } catch (error) {
    if (error instanceof Skipped) return { title: named, failure: undefined };
    return { title: named, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    for (const { after } of path.toReversed()) for (const step of after) await tidy(step);
  }
}

/** What a test leaves open cannot be removed there. */
async function tidy(step: Step): Promise<void> {
  await Promise.resolve(step()).catch(() => undefined);
}

/** @param left titles of tests that cannot run here */
export async function runTests(left: readonly string[]): Promise<readonly Outcome[]> {
  const unknown = left.filter((text) => !cases.some(({ title }) => title.includes(text)));
  const outcomes: Outcome[] = unknown.map((text) => ({ title: text, failure: "no test has this in its title" }));
  for (const { once } of suites) for (const step of once) await step();
  for (const each of cases) {
    if (!left.some((text) => each.title.includes(text))) outcomes.push(await runCase(each));
  }
  for (const suite of suites.toReversed()) for (const step of suite.finally) await step();
  return outcomes;
}
