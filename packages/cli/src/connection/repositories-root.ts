import { resolve } from "node:path";
import type { Context } from "../context/command.ts";
import type { StateRoot } from "./place.ts";

export function repositoriesRoot({ io, values }: Context): StateRoot {
  const root = values.text("repositories-root");
  const directory = resolve(io.cwd, root === undefined || root === "" ? "dtuf_repos" : root);
  return { directory, platform: io.platform };
}
