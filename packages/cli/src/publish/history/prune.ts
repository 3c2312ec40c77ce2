import type { Run } from "../../context/command.ts";
import { describeBytes, describeCount } from "../../context/time.ts";
import { tryMaster } from "../master/master.ts";

export const run: Run = (context, [repo = ""]) =>
  tryMaster(context, repo, async (master) => {
    const { io, values } = context;
    const isDry = values.on("dry-run");
    const pruned = await (isDry ? master.previewPrune({ signal: io.signal }) : master.prune({ signal: io.signal }));
    if (context.terminal.format === "json") return context.terminal.printJson({ ...pruned });
    context.terminal.report(
      `${isDry ? "would delete" : "deleted"} ${describeCount(pruned.manifests, "manifest")} and ${describeCount(pruned.blobs, "blob")} (${describeBytes(pruned.bytes)})`,
    );
  });
