import type { Run } from "../context/command.ts";
import { reportExpirations } from "../expirations-report.ts";
import { withMaster } from "./master.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master) => reportExpirations(context, await master.expirations()));
