import type { Context, Run } from "../../context/command.ts";
import { readInput } from "../../context/input-file.ts";
import { UsageError } from "../../context/usage.ts";
import { keyFileMaxBytes } from "../roles/delegated-role.ts";
import { withMaster } from "../master/master.ts";
import { reportStaged } from "../reports/staged-report.ts";
import { givenCount, parentRole } from "./count.ts";

export const run: Run = async (context, [repo = ""]) => {
  const { io, values, terminal } = context;
  const count = givenCount(context);
  const keys = await readKeys(context);
  const role = parentRole(values.text("from"));
  const threshold = values.count("threshold") ?? 1;
  if (keys.length > 0 && threshold > keys.length)
    throw new UsageError(`${values.given("threshold")}: ${threshold} of ${keys.length} keys cannot be met`);
  return withMaster(context, repo, async (master) => {
    await master.createBins(count, { keys, threshold, from: role, signal: io.signal });
    await reportStaged(context, repo, { master, what: `staged ${count} hash bins, into which the targets move`, role });
    if (terminal.format === "json") await terminal.printJson({ bins: count });
  });
};

async function readKeys(context: Context): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const file of context.values.list("key")) {
    keys.push(Buffer.from(await readInput(context, file, keyFileMaxBytes)).toString("utf8"));
  }
  return keys;
}
