import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";
import { requiredFamilies } from "./required-families.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, (master) =>
    master.resetKeys({
      signal: context.io.signal,
      replace: context.values.on("replace"),
      requireFamilies: requiredFamilies(context),
    }),
  );
