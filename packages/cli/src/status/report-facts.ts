/** A client's view for the terminal and for programs: the same report as the page. */
import type { Context } from "../context/command.ts";
import { printFacts, type Fact } from "../context/text/columns.ts";
import { toneOf as roleTone } from "../publish/reports/role-report.ts";
import { describeCount, describeInstant } from "../context/time.ts";
import type { RoleFacts, StatusReport } from "./report/report.ts";
import { toneOf } from "./page/verdict-card.ts";

export async function printReport(context: Context, report: StatusReport): Promise<void> {
  if (context.terminal.format === "json") return context.terminal.printJson(report);
  await printFacts(context, describe(report));
}

function describe(report: StatusReport): readonly Fact[] {
  const { place, at, verdict, release, pin, targets, changes } = report;
  const until = (label: string, instant: Date, rest = ""): Fact => ({
    label,
    shown: `${describeInstant(instant, at)}${rest}`,
    plain: `${instant.toISOString()}${rest}`,
  });
  return [
    { label: "place", shown: place },
    { label: "clients", shown: verdict.says, tone: toneOf(verdict) },
    ...(verdict.until === undefined ? [] : [until("until", verdict.until, `, then ${verdict.first ?? ""} expires`)]),
    ...(verdict.why === undefined ? [] : [{ label: "because", shown: verdict.why }]),
    ...(verdict.code === undefined ? [] : [{ label: "code", shown: verdict.code }]),
    ...verdict.next.map((step) => ({ label: "next", shown: step })),
    ...(release === undefined
      ? []
      : [{ label: "release", shown: `${release.timestamp}, snapshot ${release.snapshot}` }]),
    ...(pin === undefined ? [] : [{ label: "pinned", shown: `root ${pin.version}, SHA-256 ${pin.sha256}` }]),
    ...report.roles.shown.map((role) => roleFact(role, at)),
    { label: "targets", shown: describeCount(targets.shown.length + targets.more, "target") },
    ...changes.lines.shown.map(({ what }) => ({ label: "changed", shown: what })),
  ];
}

function roleFact({ role, version, expires, state, threshold, keys }: RoleFacts, now: Date): Fact {
  const signed = keys.filter((key) => key.signed === true).length;
  const text = (instant: string): string =>
    `version ${version}, signed by ${signed} of ${keys.length} keys, ${threshold} needed, expires ${instant}`;
  const tone = roleTone(state);
  return { label: role, shown: text(describeInstant(expires, now)), plain: text(expires.toISOString()), tone };
}
