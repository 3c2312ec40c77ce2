import type { Run } from "../context/command.ts";
import { withMaster } from "../publish/master/master.ts";
import { reportStaged } from "../publish/reports/staged-report.ts";

export const run: Run = (context, [repo = "", role = "", named = ""]) =>
  withMaster(context, repo, async (master) => {
    const keyId = await master.removeKey(role, named, { signal: context.io.signal });
    await reportStaged(context, repo, {
      what: `staged the removal of the key ${keyId} from ${role}`,
      master,
      keysOf: role,
    });
    if (context.terminal.format === "json") await context.terminal.printJson({ role, keyId });
  });
