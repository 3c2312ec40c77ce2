import type { PublishResult } from "@dtuf/master";
import type { Context } from "../context/command.ts";
import { noteDue, noteRecord } from "./due-report.ts";

export async function reportPublication(context: Context, place: string, result: PublishResult): Promise<void> {
  const { terminal } = context;
  const { rebased, overwrote, servedUntil, versions } = result;
  if (rebased > 0) terminal.note("another publisher was first: the changes were made again on what it published");
  if (overwrote !== undefined) {
    terminal.note(`this machine's record was published over ${overwrote}, of which nothing was taken over`);
  }
  noteDue(context, result.due);
  if (result.record !== undefined) noteRecord(context, result.record);
  if (terminal.format === "json") return terminal.printJson({ place, ...result });
  const until = servedUntil.toISOString();
  terminal.note(`published release ${versions.timestamp} of ${place}; clients are served until ${until}`, "INFO");
}
