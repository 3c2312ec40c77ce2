import type { PublishPreview, PublishResult, StagedTarget } from "@dtuf/master";
import type { Context } from "../../context/command.ts";
import { describeInstant } from "../../context/time.ts";
import { noteDue, noteRecord } from "./due-report.ts";
import { changeLines } from "../../targets/changed-fields.ts";

export interface Unchanged {
  /** Targets that were named and are published as they were. */
  readonly unchanged?: readonly string[];
}

export async function reportPublication(context: Context, place: string, result: Published): Promise<void> {
  const { io, terminal } = context;
  const { rebased, overwrote, servedUntil, versions } = result;
  if (rebased > 0) terminal.note("another publisher was first: the changes were made again on what it published");
  if (overwrote !== undefined) {
    terminal.note(`this machine's record was published over ${overwrote}, of which nothing was taken over`);
  }
  noteDue(context, result.due);
  if (result.record !== undefined) noteRecord(context, result.record);
  if (terminal.format === "json") return terminal.printJson({ place, ...result });
  const root = result.renewed?.includes("root") === true ? `, root ${versions.root}` : "";
  terminal.report(
    `published release ${versions.timestamp} of ${place}, snapshot ${versions.snapshot}${root}: ${describeChanges(result)}; ` +
      `clients are served until ${describeInstant(servedUntil, io.now())}`,
  );
}

/** Of a publication that was not made. */
export async function reportPreview(context: Context, place: string, preview: PublishPreview): Promise<void> {
  const { io, terminal } = context;
  noteDue(context, preview.due);
  if (preview.record !== undefined) noteRecord(context, preview.record);
  if (terminal.format === "json") return terminal.printJson({ place, dryRun: true, ...preview });
  for (const line of preview.changed.flatMap(changeLines)) await terminal.printName(line);
  const { versions, servedUntil } = preview;
  const root = preview.renewed.includes("root") ? `, root ${versions.root}` : "";
  terminal.report(
    `would publish release ${versions.timestamp} of ${place}, snapshot ${versions.snapshot}${root}: ${describeChanges(preview)}; ` +
      `clients would be served until ${describeInstant(servedUntil, io.now())}`,
  );
}

type Published = PublishResult & Unchanged & { readonly renewed?: readonly string[] };

function describeChanges({
  changed,
  renewed,
  unchanged = [],
  versions,
}: Pick<Published, "changed" | "renewed" | "unchanged" | "versions">): string {
  const left = unchanged.filter((name) => !changed.some(({ path }) => path === name));
  const same = left.length === 0 ? "" : `, ${left.length} unchanged`;
  if (changed.length === 0 && versions.timestamp === 1) return "first publication";
  if (changed.length === 0)
    return renewed === undefined ? `no target changed${same}` : `renewed ${renewed.join(", ")}${same}`;
  const count = (change: StagedTarget["change"]): number => changed.filter((each) => each.change === change).length;
  return `${count("add")} added, ${count("replace")} changed, ${count("delete")} removed${same}`;
}
