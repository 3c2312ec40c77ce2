import type { Run } from "../context/command.ts";
import { expectedSnapshot } from "./expected-snapshot.ts";
import { withMaster } from "./master.ts";
import { reportPublication } from "./publication-report.ts";

/** Signs timestamp (and snapshot when due) anew, without the targets key: what a timer runs. */
export const run: Run = (context, [repo = ""]) => {
  const withinMs = context.values.durationMs("within");
  const expectSnapshot = expectedSnapshot(context.values);
  return withMaster(context, repo, async (master, place) => {
    const result = await master.refreshMetadata({ signal: context.io.signal, withinMs, expectSnapshot });
    for (const { role, expires } of result.due) {
      context.terminal.note(
        `${role} expires at ${expires.toISOString()} and needs its own key: push-metadata, reset-keys or update-role`,
      );
    }
    await reportPublication(context, place, result);
    return result.due.length > 0 ? 10 : 0;
  });
};
