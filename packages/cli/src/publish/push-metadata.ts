import type { Run } from "../context/command.ts";
import { expectedSnapshot } from "./expected-snapshot.ts";
import { withMaster } from "./master.ts";
import { reportPublication } from "./publication-report.ts";

export const run: Run = (context, [repo = ""]) => {
  const expectSnapshot = expectedSnapshot(context.values);
  const base = context.values.text("base") === "recorded" ? "recorded" : "published";
  return withMaster(context, repo, async (master, place) => {
    const result = await master.pushMetadata({
      signal: context.io.signal,
      expectSnapshot,
      base,
    });
    await reportPublication(context, place, result);
  });
};
