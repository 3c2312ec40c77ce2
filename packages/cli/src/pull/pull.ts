/** Pins if nothing is pinned, refreshes, and writes all targets or those that are named into a directory. */
import { CopyError, type Copy } from "@dtuf/copy";
import { rootFileMaxBytes } from "@dtuf/format";
import type { Run } from "../context/command.ts";
import { readInput } from "../context/input-file.ts";
import { UsageError } from "../context/usage.ts";
import { parseTargets, callOptions, withCopy } from "./copy.ts";
import { findOutput } from "./destinations.ts";
import { saveAll, writeAll } from "./save-all.ts";
import { findAll, listAll } from "./select-targets.ts";

export const run: Run = async (context, [repo = "", ...names]) => {
  if (context.values.text("output") === "-" && names.length !== 1) {
    throw new UsageError(
      `${context.values.given("output")}: - is stdout, which takes one target`,
      "name one target, or a directory with --output DIRECTORY",
    );
  }
  const output = await findOutput(
    context,
    context.values.text("output") || ".",
    names.length === 1 ? "one" : "several",
  );
  const file = context.values.text("root") || undefined;
  const root = file === undefined ? undefined : await readInput(context, file, rootFileMaxBytes);
  await withCopy(context, repo, async (copy) => {
    const call = callOptions(context);
    await copy.pullMetadata({ ...call, ...(await pinOffer(copy, root)) });
    const paths = names.length > 0 ? parseTargets(names) : await listAll(context, copy);
    const targets = await findAll(context, copy, paths);
    if (output.kind === "stdout") await writeAll(context, copy, targets);
    else await saveAll(context, copy, { targets, output });
  });
};

/** What is pinned stays: the root that was shipped is for the first time. */
async function pinOffer(
  copy: Copy,
  root: Uint8Array | undefined,
): Promise<{ pin?: { kind: "root"; bytes: Uint8Array } }> {
  if (root === undefined) return {};
  try {
    await copy.inspect();
    return {};
  } catch (error) {
    if (!CopyError.is(error)) throw error;
    return { pin: { kind: "root", bytes: root } };
  }
}
