import type { Copy, TargetInfo } from "@dtuf/copy";
import { createProgress } from "../context/progress/progress.ts";
import type { Context, Run } from "../context/command.ts";
import { isGiven } from "../context/settings/modes.ts";
import { UsageError } from "../context/usage.ts";
import { callOptions, withCopy } from "./copy.ts";
import { findOutput } from "./save/destinations.ts";
import { explainAll } from "./save/explain-plan.ts";
import { saveAll, wholeTarget, writeAll } from "./save/save-all.ts";
import { selectTargets } from "./save/select-targets.ts";

/** Every target is found before the first byte is written, so that a misspelt name leaves nothing half done. */
export const run: Run = async (context, [repo = "", ...names]) => {
  const { values } = context;
  const some = (["all", "match", "names-from"] as const).some((name) => isGiven(values, name));
  if (names.length === 0 && !some) {
    throw new UsageError("no target was named", "name some, or give --all, --match PATTERN or --names-from FILE");
  }
  await withCopy(context, repo, async (copy) => {
    const targets = await selectTargets(context, copy, names);
    const output = await findOutput(context, values.text("output") || "-", targets.length === 1 ? "one" : "several");
    if (output.kind === "stdout") await (values.on("blob-info") ? writeBlobs : writeAll)(context, copy, targets);
    else await (values.on("explain") ? explainAll : saveAll)(context, copy, { targets, output });
  });
};

async function writeBlobs(context: Context, copy: Copy, targets: readonly TargetInfo[]): Promise<void> {
  const progress = createProgress(context);
  const options = { ...callOptions(context), onProgress: progress.onProgress };
  for (const target of targets) {
    for await (const { digest, size, stream } of copy.openTargetBlobs(target, options)) {
      await context.terminal.print(`${digest} ${size}`);
      await context.terminal.writeStream(stream);
    }
    progress.onProgress(wholeTarget(target));
  }
  progress.end();
}
