import { resolve } from "node:path";
import type { ProposalReview } from "@dtuf/master";
import { writeFileAtomically } from "@dtuf/registry/files";
import type { Context, Run } from "../context/command.ts";
import { readInput } from "../context/input-file.ts";
import { withMaster } from "../publish/master/master.ts";
import { UsageError } from "../context/usage.ts";
import { usualName, verifyName } from "./proposal-name.ts";
import { requestMaxBytes } from "./request-file.ts";
import { reviewOptions } from "./review-options.ts";
import { askToSign } from "./sign-question.ts";
import { missingText, reviewLines } from "./summary-report.ts";

export const run: Run = (context, [repo = "", word]) => {
  const name = proposalName(context, word);
  const file = context.values.text("export") ?? "";
  if (file !== "") return exportTo(context, { repo, name, file });
  const files = context.values.list("import");
  return files.length > 0 ? importFrom(context, repo, files) : sign(context, repo, name);
};

/** A word, as of `review` and `accept`, or `--proposal`. @throws UsageError */
function proposalName({ values }: Context, word: string | undefined): string {
  const named = values.text("proposal");
  if (word === undefined) return named ?? usualName;
  if (values.list("import").length > 0) throw new UsageError(`${word}: the files of --import name their proposal`);
  if (named !== undefined && named !== word) {
    throw new UsageError(`two proposals are named: ${word} and ${named} (${values.given("proposal")})`);
  }
  return verifyName(word);
}

async function sign(context: Context, repo: string, name: string): Promise<void> {
  const { terminal } = context;
  const options = reviewOptions(context);
  await withMaster(context, repo, async (master) => {
    const shown = await master.reviewProposal(name, options);
    await askToSign(context, reviewLines(shown));
    const signed = await master.signProposal(name, { shownHash: shown.hash, ...options });
    if (terminal.format === "json") await terminal.printJson(signed);
    terminal.report(
      `signed ${signed.added.length === 0 ? "nothing: all signatures are there" : signed.added.join(", ")}`,
    );
    reportState(context, repo, signed);
  });
}

interface Export {
  readonly repo: string;
  readonly name: string;
  readonly file: string;
}

function exportTo(context: Context, { repo, name, file }: Export): Promise<void> {
  const { io, program, terminal } = context;
  return withMaster(context, repo, async (master) => {
    const request = await master.exportProposal(name, reviewOptions(context));
    if (file === "-") return terminal.writeBytes(request);
    await writeFileAtomically(resolve(io.cwd, file), request);
    terminal.report(`wrote proposal ${name} to ${file}: ${program} sign-file ${file} signs it`);
  });
}

async function importFrom(context: Context, repo: string, files: readonly string[]): Promise<void> {
  const requests: Uint8Array[] = [];
  for (const file of files) requests.push(await readInput(context, file, requestMaxBytes));
  await withMaster(context, repo, async (master) => {
    const review = await master.importSignatures(requests, reviewOptions(context));
    if (context.terminal.format === "json") await context.terminal.printJson(review);
    context.terminal.report(`took in the signatures of ${files.join(", ")} for proposal ${review.name}`);
    reportState(context, repo, review);
  });
}

function reportState({ program, terminal }: Context, repo: string, { name, state, signatures }: ProposalReview): void {
  if (state === "ready") terminal.report(`${program} accept ${repo} ${name} publishes it`);
  else if (state === "open") terminal.report(`missing: ${missingText(signatures)}`);
}
