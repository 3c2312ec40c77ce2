import type { Master, StagedChanges, StagedKeyChange } from "@dtuf/master";
import { isTopLevelRole, parseUnverified } from "@dtuf/tuf";
import type { Context } from "../../context/command.ts";

interface StagedIn {
  readonly what: string;
  readonly master: Master;
  /** A delegated role, whose changes are proposed. */
  readonly role?: string | undefined;
  /** The role whose keys, threshold or periods change, if that is what was staged. */
  readonly keysOf?: string | undefined;
}

/** What was staged, and the command that publishes it; if several keys must sign, the one that asks their holders. */
export async function reportStaged(context: Context, repo: string, staged: StagedIn): Promise<void> {
  const { program, terminal } = context;
  const { what, role } = staged;
  if (role !== undefined) {
    terminal.report(`${what}: publish it with ${program} propose ${repo} --role ${role}`);
  } else if (await isSignedByOne(staged)) {
    terminal.report(`${what}: publish it with ${program} push-metadata ${repo}`);
  } else {
    terminal.report(`${what}: ${program} propose ${repo} asks those who must sign it`);
  }
}

/** Targets is always signed again, and root if the keys of a top-level role change. */
async function isSignedByOne({ master, keysOf }: StagedIn): Promise<boolean> {
  if (keysOf === undefined) return parseUnverified(await master.rootFile(), "root").roles.targets.threshold === 1;
  const signing = isTopLevelRole(keysOf) ? ["root", "targets"] : ["targets"];
  const roles = (await master.listRoleKeys()).filter(({ role }) => signing.includes(role));
  return roles.every(({ threshold, stagedThreshold = 1 }) => threshold === 1 && stagedThreshold === 1);
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
