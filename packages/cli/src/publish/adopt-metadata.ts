import type { Run } from "../context/command.ts";
import { expectedSnapshot } from "./expected-snapshot.ts";
import { readInput } from "../context/input-file.ts";
import { withMaster } from "./master.ts";

/** TUF's bound for a root. */
const rootMaxBytes = 512_000;

export const run: Run = async (context, [repo = "", file = ""]) => {
  const root = await readInput(context, file, rootMaxBytes);
  const expectSnapshot = expectedSnapshot(context.values);
  return withMaster(context, repo, (master) => master.adopt({ root, signal: context.io.signal, expectSnapshot }));
};
