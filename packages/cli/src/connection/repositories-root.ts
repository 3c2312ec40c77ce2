/** Where the keys and the local state lie. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createDirectory, writeFileAtomically } from "@dtuf/registry/files";
import type { Context } from "../context/command.ts";
import type { StateRoot } from "./place.ts";

export function repositoriesRoot({ io, values }: Context): StateRoot {
  const root = values.text("repositories-root");
  const directory = resolve(io.cwd, root === undefined || root === "" ? "dtuf_repos" : root);
  return { directory, platform: io.platform };
}

/** Clients and mirrors have no keys. */
type Kept = "keys and state" | "state";

/**
 * The same directory, created if it is not there: git ignores what is in it, and a note says where it is. If it cannot be
 * created, whatever writes there next reports that.
 */
export async function createRepositoriesRoot(context: Context, what: Kept = "state"): Promise<StateRoot> {
  const root = repositoriesRoot(context);
  const { directory } = root;
  if ((await stat(directory).catch(() => undefined)) !== undefined) return root;
  try {
    await createDirectory(directory, { mode: 0o700 });
  } catch {
    return root;
  }
  await noteRepositoriesRoot(context, directory, what);
  return root;
}

/** Runs what begins a state only if it succeeds so far: if it created the directory, git ignores it, and a note says where it is. */
export async function withRepositoriesRoot<Result>(context: Context, work: () => Promise<Result>): Promise<Result> {
  const { directory } = repositoriesRoot(context);
  const isThere = async (): Promise<boolean> => (await stat(directory).catch(() => undefined)) !== undefined;
  if (await isThere()) return work();
  try {
    return await work();
  } finally {
    if (await isThere()) await noteRepositoriesRoot(context, directory, "state");
  }
}

async function noteRepositoriesRoot(context: Context, directory: string, what: Kept): Promise<void> {
  await writeFileAtomically(join(directory, ".gitignore"), "*\n").catch(() => undefined);
  const variable = context.variable("repositories-root");
  context.terminal.note(
    `${what} ${what === "state" ? "is" : "are"} kept in ${directory}, which git ignores; ${variable} names another place`,
  );
}
