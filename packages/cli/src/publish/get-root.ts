import { resolve } from "node:path";
import { writeFileAtomically } from "@dtuf/registry/files";
import type { Run } from "../context/command.ts";
import { lookAtMaster } from "./master.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtMaster(context, repo, async (master) => {
    const root = await (context.values.on("all") ? master.rootChain() : master.rootFile());
    const output = context.values.text("output") ?? "-";
    if (output === "-") await context.terminal.writeBytes(root);
    else {
      await writeFileAtomically(resolve(context.io.cwd, output), root);
      context.terminal.report(`wrote ${output}: hand it over with the installer`);
    }
  });
