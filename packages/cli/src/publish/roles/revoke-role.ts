import type { Run } from "../../context/command.ts";
import { verifyDelegated } from "./delegated-role.ts";
import { withMaster } from "../master/master.ts";
import { reportStaged } from "../reports/staged-report.ts";

export const run: Run = (context, [repo = "", role = ""]) => {
  verifyDelegated(role);
  return withMaster(context, repo, async (master) => {
    await master.revokeRole(role, { signal: context.io.signal });
    await reportStaged(context, repo, { what: `staged the end of the trust in ${role}`, master });
  });
};
