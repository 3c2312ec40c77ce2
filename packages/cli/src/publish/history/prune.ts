import type { Run } from "../../context/command.ts";
import { describeBytes, describeCount } from "../../context/time.ts";
import { withMaster } from "../master.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master) => {
    const pruned = await master.prune({ signal: context.io.signal });
    if (context.terminal.format === "json") return context.terminal.printJson({ ...pruned });
    context.terminal.report(
      `deleted ${describeCount(pruned.manifests, "manifest")} and ${describeCount(pruned.blobs, "blob")} (${describeBytes(pruned.bytes)})`,
    );
  });
