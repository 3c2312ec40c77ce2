/** Files become targets and are published in one step. */
import { basename } from "node:path";
import type { Run } from "../context/command.ts";
import { withInputFiles } from "../context/input-file.ts";
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
  if (name === undefined && files.includes("-")) {
    throw new UsageError("stdin has no name that its target could have", "name the target with --name");
  }
  const record = recordOptions(context);
  return withMaster(context, repo, async (master, place) => {
    await withInputFiles(context, files, (paths) =>
      pushFiles(
        context,
        master,
        paths.map((file) => ({ file, target: name ?? basename(file) })),
      ),
    );
    await reportPush(context, place, await master.pushMetadata({ signal: context.io.signal, record }));
  });
};
