import type { PublishResult } from "@dtuf/master";
import type { Context } from "../context/command.ts";

export async function reportPublication({ terminal }: Context, place: string, result: PublishResult): Promise<void> {
  if (result.rebased > 0) {
    terminal.note(`another publisher was first: the changes were made again on what it published`);
  }
  if (terminal.format === "json") return terminal.printJson({ place, ...result });
  terminal.note(`published release ${result.versions.timestamp} of ${place}`, "INFO");
}
