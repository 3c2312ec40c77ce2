import type { Run } from "../../context/command.ts";
import { expectedSnapshot } from "./expected-snapshot.ts";
import { tryMaster } from "../master/master.ts";
import { reportPreview, reportPublication } from "../reports/publication-report.ts";
import { findRecord } from "./push-record.ts";

/**
 * Signs the timestamp again without the targets key, and a due snapshot if that is safe or requested. A timer can run
 * it.
 */
export const run: Run = async (context, [repo = ""]) => {
  const withinMs = context.values.durationMs("within");
  const expectSnapshot = expectedSnapshot(context.values);
  const clock = context.values.on("trust-clock") ? "trusted" : "checked";
  const snapshot = context.values.on("snapshot") ? "if-due" : "if-pushed-here";
  const record = await findRecord(context);
  return tryMaster(context, repo, async (master, place) => {
    const options = { signal: context.io.signal, withinMs, snapshot, expectSnapshot, clock, record } as const;
    if (context.values.on("dry-run")) {
      await reportPreview(context, place, await master.previewRefresh(options));
      return 0;
    }
    const result = await master.refreshMetadata(options);
    await reportPublication(context, place, result);
    return result.due.length > 0 || result.record?.state === "soon" ? 10 : 0;
  });
};
