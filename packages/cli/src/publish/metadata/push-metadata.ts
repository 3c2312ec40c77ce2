import type { Run } from "../../context/command.ts";
import { tryMaster } from "../master/master.ts";
import { pushOptions } from "./push-options.ts";
import { reportPush } from "./push-record.ts";
import { noteNameClashes } from "../reports/name-clashes.ts";
import { reportPreview } from "../reports/publication-report.ts";
import { isNothingStaged, notePinAgain } from "../reports/staged-report.ts";

export const run: Run = (context, [repo = ""]) => {
  const options = pushOptions(context);
  return tryMaster(context, repo, async (master, place) => {
    const staged = await master.staged();
    notePinAgain(context, staged);
    if (isNothingStaged(staged)) {
      context.terminal.report("nothing is staged: targets, snapshot and timestamp are only signed again");
    }
    await noteNameClashes(context, master, staged.targets);
    if (context.values.on("dry-run")) return reportPreview(context, place, await master.previewPush(options));
    await reportPush(context, place, await master.pushMetadata(options));
  });
};
