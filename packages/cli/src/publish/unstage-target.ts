import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";

export const run: Run = (context, [repo = "", ...targets]) =>
  withMaster(context, repo, async (master) => {
    await master.unstage(targets.length === 0 ? undefined : targets);
    const what = targets.length === 0 ? "everything but staged roots" : targets.join(", ");
    context.terminal.report(`no longer staged: ${what}`);
  });
