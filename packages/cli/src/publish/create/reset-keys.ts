import { MasterError } from "@dtuf/master";
import type { Context, Run } from "../../context/command.ts";
import { confirm } from "../../context/questions.ts";
import { UsageError } from "../../context/usage.ts";
import { withMaster, type Publisher } from "../master/master.ts";
import { notePinAgain } from "../reports/staged-report.ts";
import { requiredFamilies } from "./required-families.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master, place) => {
    await resetKeys(context, master);
    notePinAgain(context, await master.staged());
    context.terminal.report(`staged a new root for ${place}: publish it with ${context.program} push-metadata ${repo}`);
  });

/** A person at a terminal is asked before a root is signed that no client follows; elsewhere `--replace` is the answer. */
async function resetKeys(context: Context, master: Publisher): Promise<void> {
  const { io, values } = context;
  const options = { signal: io.signal, requireFamilies: requiredFamilies(context) };
  if (!values.on("replace") || io.ask === undefined) {
    return master.resetKeys({ ...options, replace: values.on("replace") });
  }
  try {
    return await master.resetKeys(options);
  } catch (error) {
    if (!MasterError.is(error) || error.code !== "MASTER_OLD_ROOT_KEY_MISSING") throw error;
    await io.stderr.write(`${error.message}\n${error.details["signers"] === "several" ? ofTeam : ""}`);
  }
  if (!(await confirm(context, "Sign a root that every client must pin again?"))) {
    throw new UsageError("no root was signed");
  }
  await master.resetKeys({ ...options, replace: true });
}

const ofTeam =
  "The keys of the other holders and the thresholds are left out of the new root: the keys here sign alone.\n";
