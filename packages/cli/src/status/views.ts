/** Whose view `status` and `tree` show. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Master } from "@dtuf/master";
import { hostChoice } from "../connection/connection.ts";
import { resolvePlace, stateDirectory } from "../connection/place.ts";
import { repositoriesRoot } from "../connection/repositories-root.ts";
import type { Context } from "../context/command.ts";

/** "client": with `--root`, or if this machine has pinned a root and publishes nothing. */
export async function findView(context: Context, repo: string): Promise<"client" | "publisher"> {
  const [master, copy] = [stateOf(context, repo, "master"), stateOf(context, repo, "copy")];
  if ((context.values.text("root") ?? "") !== "") return "client";
  if (await isThere(join(master, "record.json"))) return "publisher";
  return (await isThere(join(copy, "pin.json"))) ? "client" : "publisher";
}

export function stateOf(context: Context, repo: string, half: "master" | "copy"): string {
  const { repository } = resolvePlace(repo, hostChoice(context));
  return stateDirectory(repositoriesRoot(context), repository, half);
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What is asked of the registry, and how soon counts as due. */
export interface Manner {
  readonly mode: "online" | "offline";
  readonly withinMs: number | undefined;
  readonly clock: "checked" | "trusted";
}

export function mannerOf({ values }: Context): Manner {
  return {
    mode: values.on("offline") ? "offline" : "online",
    withinMs: values.durationMs("within"),
    clock: values.on("trust-clock") ? "trusted" : "checked",
  };
}

type StatusOptions = NonNullable<Parameters<Master["status"]>[0]>;

export function statusOptions({ io }: Context, { mode, withinMs, clock }: Manner): StatusOptions {
  return { signal: io.signal, withinMs, clock, registry: mode === "offline" ? "skip" : "check" };
}
