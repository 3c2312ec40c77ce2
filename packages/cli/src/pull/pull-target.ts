import { dirname, resolve } from "node:path";
import type { Copy, TargetInfo } from "@dtuf/copy";
import type { Context, Run } from "../context/command.ts";
import { isGiven } from "../context/modes.ts";
import { UsageError } from "../context/usage.ts";
import { copyProgress, refreshMode, withCopy } from "./copy.ts";
import { chooseDestinations } from "./destinations.ts";
import { saveAll } from "./save-all.ts";
import { selectTargets } from "./select-targets.ts";

/** Every target is found before the first byte is written, so that a misspelt name leaves nothing half done. */
export const run: Run = async (context, [repo = "", ...names]) => {
  const { io, values } = context;
  const some = (["all", "match", "names-from"] as const).some((name) => isGiven(values, name));
  if (names.length === 0 && !some) {
    throw new UsageError("no target was named", "name some, or give --all, --match PATTERN or --names-from FILE");
  }
  await withCopy(context, repo, async (copy) => {
    const targets = await selectTargets(context, copy, names);
    const output = values.text("output") ?? "-";
    if (output === "-") return writeAll(context, copy, targets);
    const wanted = await chooseDestinations(context, targets, output);
    const path = resolve(io.cwd, output);
    await saveAll(context, copy, { directory: wanted[0]?.destination === path ? dirname(path) : path, wanted });
  });
};

async function writeAll(context: Context, copy: Copy, targets: readonly TargetInfo[]): Promise<void> {
  const progress = copyProgress(context);
  const options = { mode: refreshMode(context), signal: context.io.signal, onProgress: progress.onProgress };
  for (const target of targets) {
    if (!context.values.on("blob-info")) {
      for await (const chunk of await copy.openTarget(target, options)) await context.terminal.writeBytes(chunk);
      continue;
    }
    for await (const { digest, size, stream } of copy.openTargetBlobs(target, options)) {
      await context.terminal.print(`${digest} ${size}`);
      for await (const chunk of stream) await context.terminal.writeBytes(chunk);
    }
  }
  progress.end();
}
