import { rootFileMaxBytes } from "@dtuf/format";
import type { Run } from "../context/command.ts";
import { readInput } from "../context/input-file.ts";
import { describeLeftOut } from "../context/left-out.ts";
import { expectedSnapshot } from "./expected-snapshot.ts";
import { withMaster } from "./master.ts";

export const run: Run = async (context, [repo = "", file = ""]) => {
  const root = await readInput(context, file, rootFileMaxBytes);
  const expectSnapshot = expectedSnapshot(context.values);
  return withMaster(context, repo, async (master) => {
    const { leftOut } = await master.adopt({ root, signal: context.io.signal, expectSnapshot });
    if (leftOut !== undefined) context.terminal.note(describeLeftOut(leftOut, repo));
  });
};
