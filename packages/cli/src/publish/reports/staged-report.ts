import type { StagedChanges, StagedKeyChange } from "@dtuf/master";
import type { Context } from "../../context/command.ts";

/** What was staged, and the command that publishes it. */
export function reportStaged({ program, terminal }: Context, repo: string, what: string): void {
  terminal.report(`${what}: publish it with ${program} push-metadata ${repo}`);
}

export function isNothingStaged({ targets, roles, roots, keys }: StagedChanges): boolean {
  return targets.length + roles.length + roots.length + keys.length === 0;
}

/** `add the key 1f… of alice to root`. */
export function keyChangeText(staged: StagedKeyChange): string {
  if (staged.change === "threshold") return `threshold ${staged.threshold} of ${staged.role}`;
  const of = staged.owner === undefined ? "" : ` of ${staged.owner}`;
  return `${staged.change} the key ${staged.keyId}${of}, ${staged.change === "add" ? "to" : "from"} ${staged.role}`;
}
