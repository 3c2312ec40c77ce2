import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";
import { reportStaged } from "./reports/staged-report.ts";

export const run: Run = (context, [repo = "", ...targets]) =>
  withMaster(context, repo, async (master) => {
    for (const target of targets) await master.deleteTarget(target, { signal: context.io.signal });
    reportStaged(context, repo, `staged the removal of ${targets.join(", ")}`);
  });
