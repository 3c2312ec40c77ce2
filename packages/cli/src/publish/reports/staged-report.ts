import type { StagedChanges } from "@dtuf/master";
import type { Context } from "../../context/command.ts";

/** What was staged, and the command that publishes it. */
export function reportStaged({ program, terminal }: Context, repo: string, what: string): void {
  terminal.report(`${what}: publish it with ${program} push-metadata ${repo}`);
}

export function isNothingStaged({ targets, roles, roots }: StagedChanges): boolean {
  return targets.length + roles.length + roots.length === 0;
}
