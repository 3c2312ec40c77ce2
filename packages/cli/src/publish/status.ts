import type { MasterStatus } from "@dtuf/master";
import { isTopLevelRole } from "@dtuf/tuf";
import type { Context, ExitStatus, Run } from "../context/command.ts";
import { mendOf, mendOfRecord } from "./reports/due-report.ts";
import { keyChangeText } from "./reports/staged-report.ts";
import { rolledBack } from "../context/hints.ts";
import { lookAtMaster } from "./master.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtMaster(context, repo, async (master, place) => {
    const status = await master.status({
      signal: context.io.signal,
      withinMs: context.values.durationMs("within"),
      registry: context.values.on("offline") ? "skip" : "check",
    });
    if (context.terminal.format === "json") await context.terminal.printJson({ place, ...status });
    else await print(context, { repo, place }, status);
    return exitStatus(status);
  });

/** 6: clients refuse what is published, or find nothing. 7: it has expired for all of them. 10: something is due. */
function exitStatus({ registry, versions, published, due, record }: MasterStatus): ExitStatus {
  if (registry === "other-chain" || registry === "refused" || (registry === "absent" && versions !== "never")) return 6;
  const isExpired = due.some(({ role, state }) => state === "expired" && isTopLevelRole(role));
  if (published !== undefined && isExpired) return 7;
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
function nextStep({ registry, versions, refusal }: MasterStatus, repo: string): string | undefined {
  if (refusal?.code === "TUF_ROLLBACK") return rolledBack;
  if (registry !== "absent") return undefined;
  if (versions === "never") return `PROGRAM push-metadata ${repo} publishes what is here`;
  return rolledBack;
}

interface Shown {
  readonly repo: string;
  readonly place: string;
}

async function print(context: Context, { repo, place }: Shown, status: MasterStatus): Promise<void> {
  const { program, terminal } = context;
  const { versions, registry, published, refusal, staged, due, record } = status;
  const shown = published?.versions ?? versions;
  await terminal.printName(`place: ${place}`);
  await terminal.print(
    `${refusal === undefined ? "published" : "published from here"}: ${shown === "never" ? "never" : `release ${shown.timestamp}, snapshot ${shown.snapshot}`}`,
  );
  await terminal.print(`registry: ${meanings[registry]}`);
  if (refusal !== undefined) await terminal.printName(`refused: ${refusal.message} (${refusal.code})`);
  const next = nextStep(status, repo)?.replaceAll("PROGRAM", program).replaceAll("<repo>", repo);
  if (next !== undefined) await terminal.printName(`next: ${next}`);
  if (published !== undefined) await terminal.print(`clients are served until: ${published.servedUntil.toISOString()}`);
  if (record !== undefined) await terminal.print(`the record is good until: ${record.until.toISOString()}`);
  for (const { change, path } of staged.targets) await terminal.printName(`staged: ${change} ${path}`);
  for (const role of staged.roles) await terminal.printName(`staged: role ${role}`);
  for (const change of staged.keys) await terminal.printName(`staged: ${keyChangeText(change)}`);
  for (const version of staged.roots) await terminal.print(`staged: root ${version}`);
  for (const { role, expires, state } of due) {
    const verb = state === "expired" ? "expired" : "expires";
    await terminal.printName(`due: ${role} ${verb} at ${expires.toISOString()}: ${mendOf(role)} renews it`);
  }
  if (record !== undefined && record.state !== "good") await terminal.print(`due: a newer record: ${mendOfRecord}`);
}
