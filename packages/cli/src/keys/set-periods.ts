import type { Periods } from "@dtuf/master";
import { isTopLevelRole } from "@dtuf/tuf";
import type { Run } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";
import { withMaster } from "../publish/master/master.ts";
import { reportStaged } from "../publish/reports/staged-report.ts";

export const run: Run = (context, [repo = "", role = "", expiry = "", signing]) => {
  const expiryDays = parseDays(expiry);
  const periods = { expiryDays, signingDays: signing === undefined ? Math.floor(expiryDays / 2) : parseDays(signing) };
  verifyRange(periods);
  return withMaster(context, repo, async (master) => {
    await master.setPeriods(role, periods, { signal: context.io.signal });
    const what = `staged that ${role} is valid for ${expiryDays} days and signed again ${periods.signingDays} before the end`;
    await reportStaged(context, repo, { master, what, ...(isTopLevelRole(role) ? { keysOf: role } : { role }) });
    if (context.terminal.format === "json") await context.terminal.printJson({ role, ...periods });
  });
};

function parseDays(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new UsageError(`wanted a number of days from 1 to 7320; got ${JSON.stringify(text)}`);
}

function verifyRange({ expiryDays, signingDays }: Periods): void {
  if (expiryDays < 2 || expiryDays > 7320) {
    throw new UsageError(`wanted a validity of 2 to 7320 days; got ${expiryDays}`);
  }
  if (signingDays >= expiryDays) {
    throw new UsageError(`${signingDays} days before the end is before the beginning of ${expiryDays} days`);
  }
}
