import type { Run } from "../context/command.ts";
import { roleFileMaxBytes, verifyDelegated } from "./delegated-role.ts";
import { readInput } from "../context/input-file.ts";
import { withMaster } from "./master.ts";

export const run: Run = async (context, [repo = "", role = "", file = ""]) => {
  verifyDelegated(role);
  const metadata = await readInput(context, file, roleFileMaxBytes);
  return withMaster(context, repo, (master) => master.updateRole(role, metadata, { signal: context.io.signal }));
};
