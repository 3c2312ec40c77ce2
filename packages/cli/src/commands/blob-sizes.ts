import type { Run } from "../command.ts";
import { parseTargets, refreshMode, withCopy } from "../copy.ts";

export const run: Run = (context, [repo = "", ...names]) =>
  withCopy(context, repo, async (copy) => {
    const sizes: number[] = [];
    for (const path of parseTargets(names)) {
      sizes.push(...(await copy.blobSizes(path, { mode: refreshMode(context), signal: context.io.signal })));
    }
    if (context.terminal.format === "json") return context.terminal.printJson({ sizes });
    for (const size of sizes) await context.terminal.print(String(size));
  });
