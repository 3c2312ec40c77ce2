import { resolve } from "node:path";
import { writeFileAtomically } from "@dtuf/registry/files";
import type { Run } from "../../context/command.ts";
import { lookAtMaster } from "../master/master.ts";
import { rootText } from "../reports/root-report.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtMaster(context, repo, async (master) => {
    const newest = await master.rootFile();
    const root = context.values.on("all") ? await master.rootChain() : newest;
    const output = context.values.text("output") ?? "-";
    if (output === "-") await context.terminal.writeBytes(root);
    else {
      await writeFileAtomically(resolve(context.io.cwd, output), root);
      context.terminal.report(`wrote ${output}: ${rootText(newest)}; hand it over with the installer`);
    }
  });
