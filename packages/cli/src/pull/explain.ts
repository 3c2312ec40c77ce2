import type { Run } from "../context/command.ts";
import { printRows } from "../context/text/columns.ts";
import { describeNear } from "../context/text/near.ts";
import { parseTargets, callOptions, withCopy } from "./copy.ts";

export const run: Run = (context, [repo = "", name = ""]) =>
  withCopy(context, repo, async (copy) => {
    const [path] = parseTargets([name]);
    if (path === undefined) return 2;
    const steps = await copy.explain(path, callOptions(context));
    if (context.terminal.format === "json") await context.terminal.printJson({ target: path, steps });
    else {
      const rows = steps.map(({ role, delegator, outcome }) => ({
        cells: [role, `from ${delegator}`, outcome],
        line: `${role} (from ${delegator}): ${outcome}`,
        ...(outcome === "found" ? { tone: "good" as const } : {}),
      }));
      await printRows(context, rows);
    }
    if (steps.some(({ outcome }) => outcome === "found")) return 0;
    const names = await Array.fromAsync(copy.listTargets({ mode: "offline", signal: context.io.signal })).catch(
      () => [],
    );
    const near = describeNear(name, names);
    const asked = steps.map(({ role }) => role).join(", ");
    context.terminal.report(
      `no target ${JSON.stringify(name)}: asked were ${asked}${near === undefined ? "" : `; ${near}`}`,
    );
    return 3;
  });
