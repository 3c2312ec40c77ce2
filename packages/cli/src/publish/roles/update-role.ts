import type { Run } from "../../context/command.ts";
import { roleFileMaxBytes, verifyDelegated } from "./delegated-role.ts";
import { readInput } from "../../context/input-file.ts";
import { withMaster } from "../master/master.ts";
import { reportStaged } from "../reports/staged-report.ts";

export const run: Run = async (context, [repo = "", role = "", file = ""]) => {
  verifyDelegated(role);
  const metadata = await readInput(context, file, roleFileMaxBytes);
  return withMaster(context, repo, async (master) => {
    await master.updateRole(role, metadata, { signal: context.io.signal });
    await reportStaged(context, repo, { what: `staged a new version of ${role}`, master });
  });
};
