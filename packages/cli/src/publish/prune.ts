import type { Run } from "../context/command.ts";
import { withMaster } from "./master.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master) => {
    const pruned = await master.prune({ signal: context.io.signal });
    if (context.terminal.format === "json") return context.terminal.printJson({ ...pruned });
    context.terminal.note(
      `deleted ${pruned.manifests} manifests and ${pruned.blobs} blobs (${pruned.bytes} bytes)`,
      "INFO",
    );
  });
