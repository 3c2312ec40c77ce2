import type { Run } from "../context/command.ts";
import { expectedSnapshot } from "./expected-snapshot.ts";
import { withMaster } from "./master.ts";
import { recordOptions, reportPush } from "./push-record.ts";

export const run: Run = (context, [repo = ""]) => {
  const expectSnapshot = expectedSnapshot(context.values);
  const { values } = context;
  const recorded = values.text("base") === "recorded" ? "recorded" : "published";
  const base = values.on("replace-repository") ? "replace" : recorded;
  const clock = values.on("trust-clock") ? "trusted" : "checked";
  const record = recordOptions(context);
  return withMaster(context, repo, async (master, place) => {
    const result = await master.pushMetadata({
      signal: context.io.signal,
      expectSnapshot,
      base,
      clock,
      record,
    });
    await reportPush(context, place, result);
  });
};
