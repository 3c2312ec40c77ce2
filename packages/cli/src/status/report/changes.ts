/** What two releases differ in, in the words of `diff`. Pure. */
import { summarize, type ProposalSummary } from "@dtuf/master";
import type { TrustedSet } from "@dtuf/tuf";
import { summaryLines } from "../../team/summary-report.ts";
import { changesMax } from "./limits.ts";
import { cut, listFirst, type Change, type Listing } from "./report.ts";

/** The root and the top-level targets in detail, of delegated roles the versions. */
export function compareReleases(before: TrustedSet, after: TrustedSet): Listing<Change> {
  const [old, current] = [before.targets?.signed, after.targets?.signed];
  const root = { role: "root", before: before.root.signed, after: after.root.signed };
  const pairs = [root, ...(current === undefined ? [] : [{ role: "targets", before: old, after: current }])].filter(
    (pair) => pair.before?.version !== pair.after.version,
  );
  const { shown, more } = listFirst(changesOf(summarize(pairs), compareDelegated(before, after)), changesMax);
  return { shown: shown.map(({ kind, what }) => ({ kind, what: cut(what) })), more };
}

function* changesOf(summary: ProposalSummary, delegated: Iterable<Change>): Generator<Change> {
  const { documents, trust, periods, targets } = summary;
  const nothing: ProposalSummary = { documents: [], trust: [], periods: [], targets: [] };
  yield* summaryLines({ ...nothing, trust }).map((what) => ({ kind: "trust" as const, what }));
  for (const target of targets) {
    const kind = target.change === "delete" ? "remove" : target.change;
    for (const what of summaryLines({ ...nothing, targets: [target] })) yield { kind, what };
  }
  yield* summaryLines({ ...nothing, documents, periods }).map((what) => ({ kind: "version" as const, what }));
  yield* delegated;
}

function* compareDelegated(before: TrustedSet, after: TrustedSet): Generator<Change> {
  const [old, current] = [before.snapshot?.signed.meta, after.snapshot?.signed.meta];
  for (const [file, { version }] of current ?? []) {
    if (file === "targets.json") continue;
    const was = old?.get(file)?.version;
    if (was === version) continue;
    yield { kind: "version", what: `${file.replace(/\.json$/, "")}: version ${was ?? "new"} -> ${version}` };
  }
}
