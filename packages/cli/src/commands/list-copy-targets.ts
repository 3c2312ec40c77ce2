import type { Run } from "../command.ts";
import { withCopy } from "../copy.ts";

/** As dtuf had it: what was pulled, not what is published now. Metadata that has expired is refused as everywhere. */
export const run: Run = (context, [repo = ""]) =>
  withCopy(context, repo, async (copy) => {
    const targets: string[] = [];
    for await (const target of copy.listTargets({ mode: "offline", signal: context.io.signal })) {
      if (context.terminal.format === "json") targets.push(target);
      else await context.terminal.printName(target);
    }
    if (context.terminal.format === "json") await context.terminal.printJson({ targets });
  });
