import type { Run } from "../context/command.ts";
import { withCopy } from "./copy.ts";
import { reportExpirations } from "../expirations-report.ts";

export const run: Run = (context, [repo = ""]) =>
  withCopy(context, repo, async (copy) => reportExpirations(context, await copy.expirations()));
