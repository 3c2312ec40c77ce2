import type { StagedTarget } from "@dtuf/master";
import type { Context, Run } from "../../context/command.ts";
import { describeBytes, describeCount } from "../../context/time.ts";
import { UsageError } from "../../context/usage.ts";
import { tryMaster } from "../master/master.ts";
import { pushOptions } from "../metadata/push-options.ts";
import { reportPush } from "../metadata/push-record.ts";
import { changeLines } from "../../targets/changed-fields.ts";

export const run: Run = (context, [repo = "", number = ""]) => {
  const { values } = context;
  const release = parseRelease(number);
  const options = pushOptions(context);
  const isDry = values.on("dry-run");
  return tryMaster(context, repo, async (master, place) => {
    const changes = await master.stageRelease(release, { ...options, effect: isDry ? "none" : "stage" });
    if (isDry) return preview(context, release, changes);
    if (changes.length === 0) context.terminal.report(`the targets of release ${release} are the signed ones already`);
    await reportPush(context, place, await master.pushMetadata(options));
  });
};

function parseRelease(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`wanted the number of a release, as \`list-releases\` shows it; got ${JSON.stringify(text)}`);
}

async function preview(context: Context, release: number, changes: readonly StagedTarget[]): Promise<void> {
  const { terminal } = context;
  if (terminal.format === "json") return terminal.printJson({ release, changes });
  for (const line of changes.flatMap(contentLines)) await terminal.printName(line);
  terminal.report(`release ${release} would be published again: ${describeCount(changes.length, "target")} changed`);
}

function contentLines(change: StagedTarget): readonly string[] {
  const [first = "", ...fields] = changeLines(change);
  const { file } = change;
  if (file === undefined) return [first, ...fields];
  const hashes = [...file.hashes].map(([algorithm, hash]) => `${algorithm} ${hash}`);
  return [[first, describeBytes(file.length), ...hashes].join(", "), ...fields];
}
