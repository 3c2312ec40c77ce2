/** Files become targets and are published in one step. */
import { basename } from "node:path";
import type { Run } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";
import { withMaster } from "./master.ts";
import { pushFiles } from "./push-files.ts";
import { recordOptions, reportPush } from "./push-record.ts";

export const run: Run = (context, [repo = "", ...files]) => {
  const name = context.values.text("name") || undefined;
  if (name !== undefined && files.length !== 1) {
    throw new UsageError(
      `--name is for one file, and ${files.length} were given`,
      "several files keep their own names",
    );
  }
  const named = files.map((file) => ({ file, target: name ?? basename(file) }));
  const record = recordOptions(context);
  return withMaster(context, repo, async (master, place) => {
    await pushFiles(context, master, named);
    await reportPush(context, place, await master.pushMetadata({ signal: context.io.signal, record }));
  });
};
