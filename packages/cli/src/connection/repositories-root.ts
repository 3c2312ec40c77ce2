import { resolve } from "node:path";
import type { Context } from "../context/command.ts";

/** Below which every repository has its local state. */
export function repositoriesRoot({ io, values }: Context): string {
  const root = values.text("repositories-root");
  return resolve(io.cwd, root === undefined || root === "" ? "dtuf_repos" : root);
}
