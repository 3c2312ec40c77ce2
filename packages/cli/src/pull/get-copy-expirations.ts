import type { Run } from "../context/command.ts";
import { lookAtCopy } from "./copy.ts";
import { reportExpirations } from "../expirations-report.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtCopy(context, repo, async (copy) => reportExpirations(context, await copy.expirations()));
