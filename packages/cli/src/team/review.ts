import type { Run } from "../context/command.ts";
import { withMaster } from "../publish/master/master.ts";
import { usualName, verifyName } from "./proposal-name.ts";
import { reviewOptions } from "./review-options.ts";
import { reviewLines } from "./summary-report.ts";

export const run: Run = (context, [repo = "", name = usualName]) => {
  const options = reviewOptions(context);
  return withMaster(context, repo, async (master) => {
    const review = await master.reviewProposal(verifyName(name), options);
    if (context.terminal.format === "json") return context.terminal.printJson(review);
    for (const line of reviewLines(review)) await context.terminal.printName(line);
  });
};
