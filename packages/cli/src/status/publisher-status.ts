/** A publisher's status for the terminal, for programs, and for Prometheus. */
import type { MasterStatus, OpenProposal } from "@dtuf/master";
import { isTopLevelRole } from "@dtuf/tuf";
import type { Context, ExitStatus } from "../context/command.ts";
import { mendOfRecord, renewalOf } from "../publish/reports/due-report.ts";
import { metricsText } from "../publish/reports/prometheus.ts";
import { roleFact } from "../publish/reports/role-report.ts";
import { keyChangeText, pinAgain } from "../publish/reports/staged-report.ts";
import { printFacts, type Fact } from "../context/text/columns.ts";
import { describeInstant } from "../context/time.ts";
import { changeLines } from "../targets/changed-fields.ts";
import { refused } from "./report/verdict.ts";
import { rolledBack } from "../context/hints/hints.ts";

export interface PublisherStatus {
  readonly repo: string;
  readonly place: string;
  readonly status: MasterStatus;
}

export async function printPublisher(context: Context, { repo, place, status }: PublisherStatus): Promise<void> {
  const next = nextStep(context, repo, status);
  const now = context.io.now();
  if (context.values.on("prometheus")) {
    const measured = { place, status, exitStatus: publisherExit(status), now };
    await context.terminal.writeBytes(Buffer.from(metricsText(measured)));
  } else if (context.terminal.format === "json") {
    const roles = status.roles.map((role) => ({ ...role, expiresInSeconds: secondsBetween(now, role.expires) }));
    await context.terminal.printJson({ place, ...status, roles, next });
  } else await printFacts(context, describe(context, { repo, place, next }, status));
}

/** What waits to be published or signed, a line each. */
export function waitingLines(
  status: MasterStatus,
  { program, repo }: { readonly program: string; readonly repo: string },
): readonly string[] {
  const command = (name: string): string => `${program} ${name} ${repo}`;
  return [
    ...describeStaged(status).map((change) => `staged: ${change}`),
    ...status.proposals.map((proposal) => `proposal ${describeProposal(proposal, command)}`),
  ];
}

function secondsBetween(from: Date, to: Date): number {
  return Math.floor((to.getTime() - from.getTime()) / 1000);
}

/** Of the four roles that every client needs, one has expired. */
function isPublishedExpired({ published, due }: MasterStatus): boolean {
  return published !== undefined && due.some(({ role, state }) => state === "expired" && isTopLevelRole(role));
}

/** 6: clients refuse what is published, or find nothing. 7: it has expired for all of them. 10: something is due. */
export function publisherExit(status: MasterStatus): ExitStatus {
  const { registry, versions, due, record } = status;
  if (registry === "other-chain" || registry === "refused" || (registry === "absent" && versions !== "never")) return 6;
  if (isPublishedExpired(status)) return 7;
  return due.length > 0 || (record !== undefined && record.state !== "good") ? 10 : 0;
}

const meanings: Readonly<Record<MasterStatus["registry"], string>> = {
  same: "as recorded here",
  newer: "newer: another machine of this repository has refreshed or published since",
  "other-chain": "another chain of roots: clients that are pinned to this one refuse it",
  refused: "clients refuse what is published",
  absent: "nothing is published",
  unchecked: "not looked at",
};

/** What to do about a registry that shows less than was published from here, or nothing. */
function nextStep({ program }: Context, repo: string, status: MasterStatus): string | undefined {
  const { registry, versions, refusal } = status;
  const isLess = refusal?.code === "TUF_ROLLBACK" || (registry === "absent" && versions !== "never");
  if (isLess) return rolledBack.replaceAll("PROGRAM", program).replaceAll("<repo>", repo);
  return registry === "absent" ? `${program} push-metadata ${repo} publishes what is here` : undefined;
}

interface Shown {
  readonly repo: string;
  readonly place: string;
  readonly next: string | undefined;
}

function describe({ io, program }: Context, { repo, place, next }: Shown, status: MasterStatus): readonly Fact[] {
  const { versions, registry, published, refusal, record } = status;
  const shown = published?.versions ?? versions;
  const release = shown === "never" ? "never" : `release ${shown.timestamp}, snapshot ${shown.snapshot}`;
  const command = (name: string): string => `${program} ${name} ${repo}`;
  const until = (label: string, instant: Date): Fact => ({
    label,
    shown: describeInstant(instant, io.now()),
    plain: instant.toISOString(),
  });
  const isExpired = isPublishedExpired(status);
  const served = isExpired ? "clients were served until" : "clients are served until";
  return [
    { label: "place", shown: place },
    ...(isExpired ? [{ label: "clients", shown: refused.says, tone: "bad" as const }] : []),
    { label: refusal === undefined ? "published" : "published from here", shown: release },
    { label: "registry", shown: meanings[registry] },
    ...(refusal === undefined
      ? []
      : [{ label: "refused", shown: `${refusal.message} (${refusal.code})`, tone: "bad" as const }]),
    ...(next === undefined ? [] : [{ label: "next", shown: next }]),
    ...(published === undefined ? [] : [until(served, published.servedUntil)]),
    ...status.roles.map((role) => roleFact(role, io.now())),
    ...(record === undefined ? [] : [until("the record is good until", record.until)]),
    ...describeStaged(status).map((change) => ({ label: "staged", shown: change })),
    ...status.proposals.map((proposal) => ({ label: "proposal", shown: describeProposal(proposal, command) })),
    ...describeDue(status, { now: io.now(), command }),
  ];
}

function describeProposal({ name, state, missing }: OpenProposal, command: (name: string) => string): string {
  if (state === "ready") return `${name}: ${command("accept")} ${name} publishes it`;
  const which = missing.length === 1 ? "" : `; ${command("review")} ${name} says how many of them must sign`;
  return `${name}: missing: ${missing.join(", ")}${which}`;
}

function describeStaged({ staged }: MasterStatus): readonly string[] {
  return [
    ...staged.targets.flatMap(changeLines),
    ...staged.roles.map((role) => `role ${role}`),
    ...staged.keys.map(keyChangeText),
    ...(staged.bins === undefined ? [] : [`${staged.bins} hash bins`]),
    ...staged.roots.map((version) => `root ${version}${version === staged.newPin ? `: ${pinAgain}` : ""}`),
  ];
}

interface Telling {
  readonly now: Date;
  /** As it is typed. */
  readonly command: (name: string) => string;
}

function describeDue({ due, record }: MasterStatus, { now, command }: Telling): readonly Fact[] {
  const facts = due.map(({ role, expires, state }) => {
    const text = (instant: string): string =>
      `${role} ${state === "expired" ? "expired" : "expires"} at ${instant}: ${renewalOf(role, command)}`;
    const tone = state === "expired" ? "bad" : "soon";
    return {
      label: "due",
      shown: text(describeInstant(expires, now)),
      plain: text(expires.toISOString()),
      tone,
    } as const;
  });
  const isRecordDue = record !== undefined && record.state !== "good";
  return [...facts, ...(isRecordDue ? [{ label: "due", shown: `a newer record: ${mendOfRecord}` }] : [])];
}
