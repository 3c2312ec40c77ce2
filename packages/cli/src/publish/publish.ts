/** Files become targets and are published in one step. */
import { basename } from "node:path";
import type { MasterStatus } from "@dtuf/master";
import { isTopLevelRole } from "@dtuf/tuf";
import type { Run } from "../context/command.ts";
import { withInputFiles } from "../context/input-file.ts";
import { isGiven } from "../context/modes.ts";
import type { SettingName } from "../context/settings.ts";
import { UsageError } from "../context/usage.ts";
import { withMaster } from "./master.ts";
import { pushFiles } from "./push-files.ts";
import { pushOptions } from "./push-options.ts";
import { reportPush } from "./push-record.ts";
import { isNothingStaged } from "./reports/staged-report.ts";

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
  const options = pushOptions(context);
  return withMaster(context, repo, async (master, place) => {
    const status = await master.status({ registry: "check", proposals: "skip", signal: context.io.signal });
    // Only of what is published here as it was signed here, a file is known to be the same.
    const same = status.registry === "same" ? "keep" : "push";
    const { staged, unchanged } = await withInputFiles(context, files, (paths) =>
      pushFiles(context, master, { files: paths.map((file) => ({ file, target: name ?? basename(file) })), same }),
    );
    const isAsked = forcing.some((setting) => isGiven(context.values, setting));
    if (staged.length > 0 || isAsked || isDue(status) || !isNothingStaged(await master.staged())) {
      return reportPush(context, place, { ...(await master.pushMetadata(options)), unchanged });
    }
    const what = unchanged.length === 1 ? `${unchanged[0]} is` : `${unchanged.length} targets are`;
    context.terminal.report(
      `nothing to publish: ${what} unchanged at ${place}, and nothing is renewed; ${context.program} push-metadata ${repo} renews it`,
    );
    if (context.terminal.format === "json") await context.terminal.printJson({ place, changed: [], unchanged });
  });
};

/** With any of these a release is made, whether or not a file has changed. */
const forcing: readonly SettingName[] = [
  ...(["targets-lifetime", "snapshot-lifetime", "timestamp-lifetime"] as const),
  ...(["base", "replace-repository", "expect-snapshot", "trust-clock", "record-out"] as const),
];

/** Whether a release would renew it: another command renews the root and delegated roles. */
function isDue({ due }: MasterStatus): boolean {
  return due.some(({ role }) => role !== "root" && isTopLevelRole(role));
}
