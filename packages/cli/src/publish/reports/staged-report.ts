import type { StagedChanges, StagedKeyChange } from "@dtuf/master";
import type { Context } from "../../context/command.ts";

/** What was staged, and the command that publishes it. */
export function reportStaged(context: Context, repo: string, what: string): void {
  reportStagedIn(context, repo, { what });
}

/** The same for a delegated role, if one is named: its changes are proposed. */
export function reportStagedIn({ program, terminal }: Context, repo: string, { what, role }: StagedIn): void {
  const command = role === undefined ? "push-metadata" : "propose";
  const of = role === undefined ? "" : ` --role ${role}`;
  terminal.report(`${what}: publish it with ${program} ${command} ${repo}${of}`);
}

interface StagedIn {
  readonly what: string;
  readonly role?: string | undefined;
}

export function isNothingStaged({ targets, roles, roots, keys, bins }: StagedChanges): boolean {
  return targets.length + roles.length + roots.length + keys.length === 0 && bins === undefined;
}

export const pinAgain = "the keys of the root before it did not sign it: every client must pin again";

export function notePinAgain({ terminal }: Pick<Context, "terminal">, staged: StagedChanges): void {
  if (staged.newPin !== undefined) terminal.note(`root ${staged.newPin} is staged, and ${pinAgain}`);
}

/** `add the key 1f… of alice to root`. */
export function keyChangeText(staged: StagedKeyChange): string {
  if (staged.change === "threshold") return `threshold ${staged.threshold} of ${staged.role}`;
  if (staged.change === "periods") {
    const { role, expiryDays, signingDays } = staged;
    return `${role} is valid for ${expiryDays} days and signed again ${signingDays} before the end`;
  }
  const of = staged.owner === undefined ? "" : ` of ${staged.owner}`;
  return `${staged.change} the key ${staged.keyId.slice(0, 8)}${of}, ${staged.change === "add" ? "to" : "from"} ${staged.role}`;
}
