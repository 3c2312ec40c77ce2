import type { Context, Run } from "../../context/command.ts";
import { withNewMaster } from "../master/master.ts";
import { requiredFamilies } from "./required-families.ts";
import { UsageError } from "../../context/usage.ts";

/** What is published already is not for a new chain of roots to overwrite, unless that is said. */
export const run: Run = async (context, [repo = ""]) => {
  const [existing, requireFamilies] = [existingOf(context), requiredFamilies(context)];
  const { signal } = context.io;
  await withNewMaster(context, repo, async (master, place) => {
    await master.createMetadata({ signal, existing, requireFamilies });
    context.terminal.report(
      `signed the first metadata of ${place}: publish it with ${context.program} push-metadata ${repo}`,
    );
  });
};

function existingOf({ values }: Context): "refuse" | "replace" | "unchecked" {
  const [replace, offline] = [values.on("replace-repository"), values.on("offline")];
  if (replace && offline)
    throw new UsageError("--replace-repository and --offline: nothing is looked at, nothing refused");
  return replace ? "replace" : offline ? "unchecked" : "refuse";
}
