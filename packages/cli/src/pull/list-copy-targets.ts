import type { Run } from "../context/command.ts";
import { printTargets } from "../targets/target-listing.ts";
import { withCopy } from "./copy.ts";

/** As dtuf had it: what was pulled, not what is published now. Metadata that has expired is refused as everywhere. */
export const run: Run = (context, [repo = ""]) =>
  withCopy(context, repo, (copy) => {
    const listed = copy.listTargetFiles({ mode: "offline", signal: context.io.signal });
    return printTargets(context, listed, context.values.text("role") || undefined);
  });
