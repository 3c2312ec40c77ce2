import type { Run } from "../context/command.ts";
import { verifyDelegated } from "./delegated-role.ts";
import { withMaster } from "./master.ts";

export const run: Run = (context, [repo = "", role = ""]) => {
  verifyDelegated(role);
  return withMaster(context, repo, (master) => master.revokeRole(role, { signal: context.io.signal }));
};
