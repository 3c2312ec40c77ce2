/** Names from this machine's state, for completion: no connection is opened and nothing is written. */
import type { Copy } from "@dtuf/copy";
import type { Master } from "@dtuf/master";
import type { Context } from "../../context/command.ts";

/** Targets that were pulled or are signed here; none if the state cannot be read. */
export async function listKnownTargets(context: Context, repo: string): Promise<ReadonlySet<string>> {
  const { withCopy } = await import("../../pull/copy.ts");
  const { lookAtMaster } = await import("../../publish/master/master.ts");
  const offline = { mode: "offline", signal: context.io.signal } as const;
  const pulled = await withCopy(context, repo, (copy: Copy) => Array.fromAsync(copy.listTargets(offline))).catch(
    () => [],
  );
  const signed = await lookAtMaster(context, repo, async (master: Master) => [
    ...(await master.listTargetFiles({ bins: "skip" })).keys(),
  ]).catch(() => []);
  return new Set<string>([...pulled, ...signed]);
}
