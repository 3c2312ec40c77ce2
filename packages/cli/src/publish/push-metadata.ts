import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";
import { pushOptions } from "./push-options.ts";
import { reportPush } from "./push-record.ts";

export const run: Run = (context, [repo = ""]) => {
  const options = pushOptions(context);
  return withMaster(context, repo, async (master, place) =>
    reportPush(context, place, await master.pushMetadata(options)),
  );
};
