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

/**
 * The same directory, created if it is not there: git ignores what is in it, and a note says where it is. If it cannot be
 * created, whatever writes there next reports that.
 */
export async function createRepositoriesRoot(context: Context): Promise<StateRoot> {
  const root = repositoriesRoot(context);
  const { directory } = root;
  if ((await stat(directory).catch(() => undefined)) !== undefined) return root;
  try {
    await createDirectory(directory, { mode: 0o700 });
    await writeFileAtomically(join(directory, ".gitignore"), "*\n");
  } catch {
    return root;
  }
  const variable = context.variable("repositories-root");
  context.terminal.note(`keys and state are kept in ${directory}, which git ignores; ${variable} names another place`);
  return root;
}
