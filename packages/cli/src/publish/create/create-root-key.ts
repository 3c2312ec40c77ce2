import type { Run } from "../../context/command.ts";
import { withNewMaster } from "../master/master.ts";
import { reportKeys } from "../reports/key-report.ts";

export const run: Run = (context, [repo = ""]) =>
  withNewMaster(context, repo, async (master) =>
    reportKeys(context, master, [await master.createRootKey({ signal: context.io.signal })]),
  );
