/** Files become targets and are published in one step. */
import { basename } from "node:path";
import type { MasterStatus, StagedTarget } from "@dtuf/master";
import { isTopLevelRole } from "@dtuf/tuf";
import type { Context, Run } from "../context/command.ts";
import { withInputFiles } from "../context/input-file.ts";
import { isGiven } from "../context/settings/modes.ts";
import type { SettingName } from "../context/settings/settings.ts";
import { describeCount } from "../context/time.ts";
import { UsageError } from "../context/usage.ts";
import { tryMaster } from "./master/master.ts";
import { pushFiles } from "./targets/push-files.ts";
import { pushOptions } from "./metadata/push-options.ts";
import { reportPush } from "./metadata/push-record.ts";
import { noteNameClashes } from "./reports/name-clashes.ts";
import { isNothingStaged, notePinAgain } from "./reports/staged-report.ts";
import { changeLines } from "../targets/changed-fields.ts";

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
  return tryMaster(context, repo, async (master, place) => {
    const look = { registry: "check", proposals: "skip", files: "skip", signal: context.io.signal } as const;
    const status = await master.status(look);
    // Only of what is published here as it was signed here, a file is known to be the same.
    const same = status.registry === "same" ? "keep" : "push";
    const isDry = context.values.on("dry-run");
    const { staged, unchanged } = await withInputFiles(context, files, (paths) =>
      pushFiles(context, master, {
        files: paths.map((file) => ({ file, target: name ?? basename(file) })),
        same,
        effect: isDry ? "none" : "push",
      }),
    );
    const waiting = await master.staged();
    const changed = [...waiting.targets.filter(({ path }) => !staged.some((each) => each.path === path)), ...staged];
    const isAsked = forcing.some((setting) => isGiven(context.values, setting));
    const isRenewed = isAsked || isDue(status) || !isNothingStaged(waiting);
    await noteNameClashes(context, master, changed);
    notePinAgain(context, waiting);
    if (isDry) return preview(context, place, { changed, unchanged, isRenewed });
    if (staged.length > 0 || isRenewed) {
      return reportPush(context, place, { ...(await master.pushMetadata(options)), unchanged });
    }
    await reportNothing(context, repo, { place, unchanged });
  });
};

async function reportNothing(
  { program, terminal }: Context,
  repo: string,
  { place, unchanged }: { readonly place: string; readonly unchanged: readonly string[] },
): Promise<void> {
  const what = unchanged.length === 1 ? `${unchanged[0]} is` : `${unchanged.length} targets are`;
  terminal.report(
    `nothing to publish: ${what} unchanged at ${place}, and nothing is renewed; ${program} push-metadata ${repo} renews it`,
  );
  if (terminal.format === "json") await terminal.printJson({ place, changed: [], unchanged });
}

interface Preview {
  readonly changed: readonly StagedTarget[];
  readonly unchanged: readonly string[];
  /** A release is made although no target changes. */
  readonly isRenewed: boolean;
}

async function preview(
  { terminal }: Context,
  place: string,
  { changed, unchanged, isRenewed }: Preview,
): Promise<void> {
  if (terminal.format === "json") return terminal.printJson({ place, dryRun: true, changed, unchanged });
  for (const line of changed.flatMap(changeLines)) await terminal.printName(line);
  const what = `${describeCount(changed.length, "target")} changed, ${unchanged.length} unchanged`;
  const isNothing = changed.length === 0 && !isRenewed;
  terminal.report(isNothing ? `nothing to publish at ${place}: ${what}` : `would publish at ${place}: ${what}`);
}

/** With any of these a release is made, whether or not a file has changed. */
const forcing: readonly SettingName[] = [
  ...(["targets-lifetime", "snapshot-lifetime", "timestamp-lifetime"] as const),
  ...(["base", "replace-repository", "expect-snapshot", "trust-clock", "record-out"] as const),
];

/** Whether a release would renew it: another command renews the root and delegated roles. */
function isDue({ due }: MasterStatus): boolean {
  return due.some(({ role }) => role !== "root" && isTopLevelRole(role));
}
