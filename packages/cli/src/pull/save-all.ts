import type { Copy, TargetDestination } from "@dtuf/copy";
import type { Context } from "../context/command.ts";
import { describeBytes, describeCount } from "../context/time.ts";
import { copyProgress, refreshMode } from "./copy.ts";
import { createDirectories } from "./destinations.ts";

/** Said one by one up to here. */
const namedMost = 4;

/** Writes them side by side, says so and, with `--json`, prints what was written. */
export async function saveAll(
  context: Context,
  copy: Copy,
  { directory, wanted }: { readonly directory: string; readonly wanted: readonly TargetDestination[] },
): Promise<void> {
  const { io, terminal, values } = context;
  await createDirectories(directory, wanted);
  const progress = copyProgress(context);
  await copy.saveTargets(wanted, {
    mode: refreshMode(context),
    signal: io.signal,
    onProgress: progress.onProgress,
    concurrency: values.count("concurrency"),
  });
  progress.end();
  if (wanted.length > namedMost) {
    const bytes = wanted.reduce((sum, { target }) => sum + target.length, 0);
    terminal.report(
      `wrote ${describeCount(wanted.length, "target")} into ${directory}, ${describeBytes(bytes)}, verified`,
    );
  } else {
    for (const { target, destination } of wanted) {
      terminal.report(`wrote ${destination}, ${describeBytes(target.length)}, verified`);
    }
  }
  if (terminal.format !== "json") return;
  const targets = wanted.map(({ target: { path, length, hashes }, destination }) => {
    return { path, length, hashes: Object.fromEntries(hashes), file: destination };
  });
  await terminal.printJson({ targets });
}
