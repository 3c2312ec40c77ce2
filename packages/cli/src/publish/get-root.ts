import { resolve } from "node:path";
import { writeFileAtomically } from "@dtuf/registry/files";
import { digestHex, digestOf } from "@dtuf/registry";
import { parseUnverified } from "@dtuf/tuf";
import type { Run } from "../context/command.ts";
import { lookAtMaster } from "./master.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtMaster(context, repo, async (master) => {
    const newest = await master.rootFile();
    const root = context.values.on("all") ? await master.rootChain() : newest;
    const output = context.values.text("output") ?? "-";
    if (output === "-") await context.terminal.writeBytes(root);
    else {
      await writeFileAtomically(resolve(context.io.cwd, output), root);
      const { version } = parseUnverified(newest, "root");
      const sha256 = digestHex(digestOf(newest));
      context.terminal.report(
        `wrote ${output}: root version ${version}, sha256 ${sha256}; hand it over with the installer`,
      );
    }
  });
