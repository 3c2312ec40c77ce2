/** A pin that changes is confirmed by the person at the terminal, who sees both fingerprints. */
import { CopyError, type PinInfo } from "@dtuf/copy";
import type { Context } from "../../context/command.ts";
import { confirm } from "../../context/questions.ts";
import { UsageError } from "../../context/usage.ts";
import type { FindStateOwner } from "../../connection/state-owner.ts";

/**
 * Does the work; with `replace` if `--replace` was given and nobody can be asked, or if the person said yes. Without
 * `--replace` nobody is asked whether to give up the pin of a repository at another place.
 * @throws UsageError if the person did not; errors of the work
 */
export async function confirmPin<Result>(
  context: Context,
  findOwner: FindStateOwner,
  work: (replace: boolean) => Promise<Result>,
): Promise<Result> {
  const isAsked = context.values.on("replace");
  if (context.io.ask === undefined) return work(isAsked);
  try {
    return await work(false);
  } catch (error) {
    const change = findChange(error);
    if (change !== undefined && !isAsked && (await findOwner()) !== undefined) throw error;
    if (change !== undefined && !(await isTrusted(context, change))) {
      throw new UsageError(`the pin was not changed: root sha256 ${change.pinned.fingerprint} stays`);
    }
    if (change === undefined && !isAsked) throw error;
    return work(true);
  }
}

export interface PinChange {
  readonly pinned: PinInfo;
  readonly offered: PinInfo;
}

/** For where nobody was asked too: the person who reads it compares the second with what the publisher says. */
export function pinChangeText(before: PinInfo, after: PinInfo): string {
  return `the pin was root version ${before.version}, sha256 ${before.fingerprint} and is now version ${after.version}, sha256 ${after.fingerprint}`;
}

/** Always shown, with `--quiet` too: it is a part of the question. */
export async function isTrusted(context: Context, { pinned, offered }: PinChange): Promise<boolean> {
  await context.io.stderr.write(
    `the pinned root:  version ${pinned.version}, sha256 ${pinned.fingerprint}\n` +
      `the root offered: version ${offered.version}, sha256 ${offered.fingerprint}\n` +
      "Compare the second with what its publisher says, by another way than the registry.\n",
  );
  return confirm(context, "Trust it from now on, instead of the pinned one?");
}

function findChange(error: unknown): PinChange | undefined {
  if (!CopyError.is(error) || error.code !== "COPY_PIN_OTHER_CHAIN") return undefined;
  const { pinnedVersion, pinnedFingerprint, offeredVersion, offeredFingerprint } = error.details;
  if (typeof pinnedFingerprint !== "string" || typeof offeredFingerprint !== "string") return undefined;
  return {
    pinned: { version: Number(pinnedVersion), fingerprint: pinnedFingerprint },
    offered: { version: Number(offeredVersion), fingerprint: offeredFingerprint },
  };
}
