import type { Run } from "../../context/command.ts";
import { reportExpirations } from "../../expirations-report.ts";
import { lookAtMaster } from "../master/master.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtMaster(context, repo, async (master) => reportExpirations(context, await master.expirations()));
