import type { Run } from "../../context/command.ts";
import { withMaster } from "../master.ts";
import { reportStaged } from "../reports/staged-report.ts";
import { givenCount } from "./count.ts";

export const run: Run = async (context, [repo = ""]) => {
  const { io, terminal } = context;
  const count = givenCount(context);
  return withMaster(context, repo, async (master) => {
    await master.resizeBins(count, { signal: io.signal });
    reportStaged(context, repo, `staged ${count} hash bins instead of those that are published`);
    if (terminal.format === "json") await terminal.printJson({ bins: count });
  });
};
