import type { Run } from "../context/command.ts";
import { parseTargets, callOptions, withCopy } from "./copy.ts";

export const run: Run = (context, [repo = "", name = ""]) =>
  withCopy(context, repo, async (copy) => {
    const [path] = parseTargets([name]);
    if (path === undefined) return 2;
    const steps = await copy.explain(path, callOptions(context));
    if (context.terminal.format === "json") await context.terminal.printJson({ target: path, steps });
    else {
      for (const { role, delegator, outcome } of steps) {
        await context.terminal.printName(`${role} (from ${delegator}): ${outcome}`);
      }
    }
    return steps.some(({ outcome }) => outcome === "found") ? 0 : 3;
  });
