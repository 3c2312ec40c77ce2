import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";

export const run: Run = (context, [repo = "", ...targets]) =>
  withMaster(context, repo, async (master) => {
    for (const target of targets) await master.deleteTarget(target, { signal: context.io.signal });
  });
