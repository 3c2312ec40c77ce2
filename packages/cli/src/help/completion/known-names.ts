/** Names from this machine's state, for completion: no connection is opened and nothing is written. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Copy } from "@dtuf/copy";
import type { Master } from "@dtuf/master";
import { repositoriesRoot } from "../../connection/repositories-root.ts";
import type { Context } from "../../context/command.ts";

/** Directories that are read to find repositories. */
const directoriesMost = 500;
const depthMost = 4;

/** Repositories that have a state here. */
export async function listKnownRepositories(context: Context): Promise<readonly string[]> {
  const { directory } = repositoriesRoot(context);
  const found: string[] = [];
  const waiting: { readonly name: string; readonly depth: number }[] = [{ name: "", depth: 0 }];
  for (let read = 0; read < directoriesMost; read++) {
    const next = waiting.shift();
    if (next === undefined) break;
    const entries = await readdir(join(directory, next.name), { withFileTypes: true }).catch(() => []);
    const inner = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    if (next.name !== "" && (inner.includes("copy") || inner.includes("master"))) found.push(next.name);
    else if (next.depth < depthMost) {
      waiting.push(
        ...inner.map((name) => ({ name: next.name === "" ? name : `${next.name}/${name}`, depth: next.depth + 1 })),
      );
    }
  }
  return found;
}

/** Targets that were pulled or are signed here; none if the state cannot be read. */
export async function listKnownTargets(context: Context, repo: string): Promise<ReadonlySet<string>> {
  const { lookAtCopy } = await import("../../pull/copy.ts");
  const { lookAtMaster } = await import("../../publish/master.ts");
  const offline = { mode: "offline", signal: context.io.signal } as const;
  const pulled = await lookAtCopy(context, repo, (copy: Copy) => Array.fromAsync(copy.listTargets(offline))).catch(
    () => [],
  );
  const signed = await lookAtMaster(context, repo, async (master: Master) => [
    ...(await master.listTargetFiles({ bins: "skip" })).keys(),
  ]).catch(() => []);
  return new Set<string>([...pulled, ...signed]);
}
