import type { Run } from "../../context/command.ts";
import { withMaster } from "../master/master.ts";
import { reportStaged } from "../reports/staged-report.ts";
import { givenCount, parentRole } from "./count.ts";

export const run: Run = async (context, [repo = ""]) => {
  const { io, terminal } = context;
  const count = givenCount(context);
  return withMaster(context, repo, async (master) => {
    const role = parentRole(context.values.text("role"));
    await master.resizeBins(count, { role, signal: io.signal });
    await reportStaged(context, repo, {
      master,
      what: `staged ${count} hash bins instead of those that are published`,
      role,
    });
    if (terminal.format === "json") await terminal.printJson({ bins: count });
  });
};
