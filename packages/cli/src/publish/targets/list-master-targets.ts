import type { Run } from "../../context/command.ts";
import { printTargets } from "../../targets/target-listing.ts";
import { lookAtMaster } from "../master/master.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtMaster(context, repo, async (master) => {
    const files = [...(await master.listTargetFiles())];
    await printTargets(
      context,
      files.map(([path, file]) => ({ path, role: "targets", file })),
    );
  });
