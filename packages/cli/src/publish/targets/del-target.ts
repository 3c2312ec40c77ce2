import type { Run } from "../../context/command.ts";
import { withMaster } from "../master/master.ts";
import { reportStaged } from "../reports/staged-report.ts";
import { givenRole } from "./role-target.ts";

export const run: Run = (context, [repo = "", ...targets]) => {
  const role = givenRole(context);
  const { signal } = context.io;
  return withMaster(context, repo, async (master) => {
    for (const target of targets) {
      if (role === undefined) await master.deleteTarget(target, { signal });
      else await master.deleteRoleTarget(role, target, { signal });
    }
    await reportStaged(context, repo, { master, what: `staged the removal of ${targets.join(", ")}`, role });
  });
};
