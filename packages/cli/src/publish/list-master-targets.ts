import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master) => context.terminal.printEach("targets", await master.listTargets()));
