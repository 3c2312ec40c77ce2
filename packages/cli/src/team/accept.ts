import type { Run } from "../context/command.ts";
import { tryMaster } from "../publish/master/master.ts";
import { reportPreview, reportPublication } from "../publish/reports/publication-report.ts";
import { usualName, verifyName } from "./proposal-name.ts";
import { reviewOptions } from "./review-options.ts";

export const run: Run = (context, [repo = "", name = usualName]) => {
  const { terminal, values } = context;
  const options = reviewOptions(context);
  return tryMaster(context, repo, async (master, place) => {
    verifyName(name);
    if (values.on("dry-run")) {
      const found = await master.previewAccept(name, options);
      if (found.state === "ready") return reportPreview(context, place, found.preview);
    }
    const accepted = values.on("dry-run")
      ? ({ state: "already published" } as const)
      : await master.acceptProposal(name, options);
    if (accepted.state === "published") return reportPublication(context, place, accepted.result);
    if (terminal.format === "json") await terminal.printJson({ place, ...accepted });
    terminal.report(`nothing to do: ${name} is published already`);
  });
};
