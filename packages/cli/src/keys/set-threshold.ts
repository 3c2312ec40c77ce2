import type { Run } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";
import { withMaster } from "../publish/master/master.ts";
import { reportStaged } from "../publish/reports/staged-report.ts";

export const run: Run = (context, [repo = "", role = "", count = ""]) => {
  if (!/^[1-9][0-9]{0,3}$/.test(count))
    throw new UsageError(`wanted a count from 1 to 9999; got ${JSON.stringify(count)}`);
  return withMaster(context, repo, async (master) => {
    const threshold = Number(count);
    await master.setThreshold(role, threshold, { signal: context.io.signal });
    await reportStaged(context, repo, {
      what: `staged that ${threshold} keys must sign ${role}`,
      master,
      keysOf: role,
    });
    if (context.terminal.format === "json") await context.terminal.printJson({ role, threshold });
  });
};
