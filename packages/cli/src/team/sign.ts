import type { Run } from "../context/command.ts";
import { withMaster } from "../publish/master.ts";
import { expectedHash } from "./expected-hash.ts";
import { usualName } from "./proposal-name.ts";
import { askToSign } from "./sign-question.ts";
import { reviewLines } from "./summary-report.ts";

export const run: Run = (context, [repo = ""]) => {
  const { io, program, terminal, values } = context;
  const name = values.text("proposal") ?? usualName;
  const expectHash = expectedHash(context);
  return withMaster(context, repo, async (master) => {
    const shown = await master.reviewProposal(name, { expectHash, signal: io.signal });
    await askToSign(context, reviewLines(shown));
    const signed = await master.signProposal(name, { shownHash: shown.hash, expectHash, signal: io.signal });
    if (terminal.format === "json") await terminal.printJson(signed);
    const what = signed.added.length === 0 ? "nothing: all signatures are there" : signed.added.join(", ");
    terminal.report(`signed ${what}`);
    if (signed.state === "ready") terminal.report(`${program} accept ${repo} ${name} publishes it`);
    else if (signed.state === "open") terminal.report(`missing: ${signed.missing.join(", ")}`);
  });
};
