/** The rows of docs/threat-model.md and of docs/updater.md, and what tests that ran say of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RanTest } from "./ran-tests.ts";
import { root } from "./sources.ts";

export interface ThreatRow {
  /** T1, or M1 of docs/updater.md. */
  readonly number: string;
  readonly defence: string;
  /** `file`: title */
  readonly tests: readonly string[];
}

export function readThreatRows(): readonly ThreatRow[] {
  return parseThreatRows(readFileSync(join(root, "docs/threat-model.md"), "utf8"));
}

/** What an updater must have. */
export function readMustHaves(): readonly ThreatRow[] {
  return parseThreatRows(readFileSync(join(root, "docs/updater.md"), "utf8"));
}

export function parseThreatRows(text: string): readonly ThreatRow[] {
  return text
    .split("\n")
    .filter((line) => /^\| [TM]\d+ \|/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .map(([, number = "", , defence = "", tests = ""]) => ({
      number,
      defence,
      tests: tests.split("<br>").filter((named) => named !== ""),
    }));
}

/** One line for each named test that is not among those that ran, or did not pass. A suite's title names all its tests. */
export function findUnproved(rows: readonly ThreatRow[], ran: readonly RanTest[]): readonly string[] {
  const files = Map.groupBy(ran, ({ file }) => file);
  return rows.flatMap(({ number, tests }) =>
    tests.flatMap((named) => {
      const fault = judge(named, files);
      return fault === undefined ? [] : [`${number}: ${named}: ${fault}`];
    }),
  );
}

function judge(named: string, files: ReadonlyMap<string, readonly RanTest[]>): string | undefined {
  const [, file = "", title] = /^`([^`]+)`: (.+)$/.exec(named) ?? [];
  if (title === undefined) return "is not `file`: title";
  const pattern = titlePattern(title);
  const meant = (files.get(file) ?? []).filter(({ titles }) => titles.some((each) => pattern.test(each)));
  if (meant.length === 0) return "did not run";
  const open = meant.find(({ state }) => state !== "passed");
  return open === undefined ? undefined : `${open.state}: ${open.titles[0]}`;
}

/** `%j`, `%s` and the other places of a template stand for what they were filled with. */
export function titlePattern(title: string): RegExp {
  const parts = title.replaceAll("\\|", "|").split(/%[sdifjoO]|\$[a-z][\w.]*/);
  return new RegExp(`^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("[^]*")}$`);
}
