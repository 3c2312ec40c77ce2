import type { Master, StagedTarget } from "@dtuf/master";
import type { Context } from "../../context/command.ts";
import { findClashWarning } from "../../targets/name-clash.ts";

/** Warns of added targets that no `pull` can save into one directory. It is no error, because TUF keeps the names apart. */
export async function noteNameClashes(
  { io, terminal }: Context,
  master: Master,
  changed: readonly StagedTarget[],
): Promise<void> {
  const added = new Set<string>(changed.flatMap(({ change, path }) => (change === "add" ? [path] : [])));
  if (added.size === 0) return;
  const gone = new Set<string>(changed.flatMap(({ change, path }) => (change === "delete" ? [path] : [])));
  // Bins would have to be fetched: `verify-repository` compares the names in them.
  const signed = await master.listTargetFiles({ bins: "skip", signal: io.signal });
  const names = [...signed.keys(), ...added].filter((name) => !gone.has(name));
  const warning = findClashWarning(names, (name) => added.has(name));
  if (warning !== undefined) terminal.note(warning);
}
