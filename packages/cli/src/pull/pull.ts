/** Pins if nothing is pinned, refreshes, and writes all targets or those that are named into a directory. */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { CopyError, type Copy } from "@dtuf/copy";
import { rootFileMaxBytes } from "@dtuf/format";
import type { Run } from "../context/command.ts";
import { readInput } from "../context/input-file.ts";
import { parseTargets, refreshMode, withCopy } from "./copy.ts";
import { intoDirectory } from "./destinations.ts";
import { saveAll } from "./save-all.ts";
import { findAll, listAll } from "./select-targets.ts";

export const run: Run = async (context, [repo = "", ...names]) => {
  const file = context.values.text("root") || undefined;
  const root = file === undefined ? undefined : await readInput(context, file, rootFileMaxBytes);
  const { io, values } = context;
  await withCopy(context, repo, async (copy) => {
    const call = { mode: refreshMode(context), signal: io.signal };
    await copy.pullMetadata({ ...call, ...(await pinOffer(copy, root)) });
    const paths = names.length > 0 ? parseTargets(names) : await listAll(context, copy);
    const targets = await findAll(context, copy, paths);
    const directory = resolve(io.cwd, values.text("output") || ".");
    const naming = { platform: io.platform, names: values.on("tree") ? "whole" : "last" } as const;
    const wanted = intoDirectory(targets, directory, naming);
    await mkdir(directory, { recursive: true });
    await saveAll(context, copy, { directory, wanted });
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
