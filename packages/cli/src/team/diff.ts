import type { Run } from "../context/command.ts";
import { lookAtMaster } from "../publish/master/master.ts";
import { notePinAgain } from "../publish/reports/staged-report.ts";
import { summaryLines } from "./summary-report.ts";

export const run: Run = (context, [repo = ""]) => {
  const { io, terminal, values } = context;
  const role = (values.text("role") ?? "") === "" ? undefined : values.text("role");
  return lookAtMaster(context, repo, async (master, place) => {
    const summary = await master.compareStaged({ role, signal: io.signal });
    const staged = await master.staged();
    if (terminal.format === "json") return terminal.printJson({ place, ...summary, newPin: staged.newPin });
    notePinAgain(context, staged);
    for (const line of summaryLines(summary)) await terminal.printName(line);
    if (summary.documents.length === 0) terminal.report("nothing is staged");
  });
};
