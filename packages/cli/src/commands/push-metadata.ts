import type { Run } from "../command.ts";
import { masterProgress, withMaster } from "../master.ts";
import { reportPublication } from "../publication-report.ts";

export const run: Run = (context, [repo = ""]) => {
  const progress = masterProgress(context);
  const expectSnapshot = context.values.text("expect-snapshot");
  return withMaster(context, repo, async (master, place) => {
    const result = await master.pushMetadata({
      signal: context.io.signal,
      onProgress: progress.onProgress,
      expectSnapshot,
    });
    progress.end();
    await reportPublication(context, place, result);
  });
};
