import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";
import { requiredFamilies } from "./required-families.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master, place) => {
    await master.resetKeys({
      signal: context.io.signal,
      replace: context.values.on("replace"),
      requireFamilies: requiredFamilies(context),
    });
    context.terminal.report(`staged a new root for ${place}: publish it with ${context.program} push-metadata ${repo}`);
  });
