import type { Run } from "../context/command.ts";
import { withMaster } from "../publish/master.ts";
import { reportPublication } from "../publish/reports/publication-report.ts";
import { expectedHash } from "./expected-hash.ts";
import { verifyName } from "./proposal-name.ts";

export const run: Run = (context, [repo = "", name = ""]) => {
  const { io, terminal, values } = context;
  const clock = values.on("trust-clock") ? "trusted" : "checked";
  const options = { expectHash: expectedHash(context), clock, signal: io.signal } as const;
  return withMaster(context, repo, async (master, place) => {
    const accepted = await master.acceptProposal(verifyName(name), options);
    if (accepted.state === "published") return reportPublication(context, place, accepted.result);
    if (terminal.format === "json") await terminal.printJson({ place, ...accepted });
    terminal.report(`nothing to do: ${name} is published already`);
  });
};
