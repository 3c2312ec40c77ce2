import type { Run } from "../command.ts";
import { withMaster } from "../master.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master) => {
    const targets = await master.listTargets();
    if (context.terminal.format === "json") return context.terminal.printJson({ targets });
    for (const target of targets) await context.terminal.printName(target);
  });
