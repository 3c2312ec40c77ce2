import type { Run } from "../context/command.ts";
import { withCopy } from "./copy.ts";

/** As dtuf had it: what was pulled, not what is published now. Metadata that has expired is refused as everywhere. */
export const run: Run = (context, [repo = ""]) =>
  withCopy(context, repo, (copy) =>
    context.terminal.printEach("targets", copy.listTargets({ mode: "offline", signal: context.io.signal })),
  );
