import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";

export const run: Run = (context, [repo = "", ...targets]) =>
  withMaster(context, repo, (master) => master.unstage(targets.length === 0 ? undefined : targets));
