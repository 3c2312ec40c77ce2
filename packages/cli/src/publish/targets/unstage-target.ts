import type { Run } from "../../context/command.ts";
import type { StagedChanges } from "@dtuf/master";
import { withMaster } from "../master/master.ts";
import { isNothingStaged } from "../reports/staged-report.ts";

export const run: Run = (context, [repo = "", ...targets]) =>
  withMaster(context, repo, async (master) => {
    const { roots, ...staged } = await master.staged();
    await master.unstage(targets.length === 0 ? undefined : targets);
    const kept = roots.length === 0 ? "" : `; ${roots.map((version) => `root ${version}`).join(", ")} stays staged`;
    if (targets.length === 0 && isNothingStaged({ ...staged, roots: [] })) {
      context.terminal.report(`nothing was staged${kept}`);
    } else context.terminal.report(`no longer staged: ${targets.join(", ") || describeStaged(staged)}${kept}`);
  });

function describeStaged({ targets, roles, keys, bins }: Omit<StagedChanges, "roots">): string {
  const counts = [
    [targets.length, "change of targets", "changes of targets"],
    [roles.length, "role", "roles"],
    [keys.length, "change of keys", "changes of keys"],
  ] as const;
  const parts = counts.flatMap(([count, one, several]) =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : several}`],
  );
  return [...parts, ...(bins === undefined ? [] : ["hash bins"])].join(", ");
}
