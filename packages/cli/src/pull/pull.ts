/** Pins if nothing is pinned, refreshes, and writes all targets or those that are named into a directory. */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { CopyError, type Copy, type TargetInfo } from "@dtuf/copy";
import { rootFileMaxBytes } from "@dtuf/format";
import type { Context, Run } from "../context/command.ts";
import { readInput } from "../context/input-file.ts";
import { describeBytes } from "../context/time.ts";
import { copyProgress, parseTargets, refreshMode, withCopy } from "./copy.ts";
import { intoDirectory } from "./pull-target.ts";

export const run: Run = async (context, [repo = "", ...names]) => {
  const file = context.values.text("root") || undefined;
  const root = file === undefined ? undefined : await readInput(context, file, rootFileMaxBytes);
  const { io, terminal, values } = context;
  await withCopy(context, repo, async (copy) => {
    const call = { mode: refreshMode(context), signal: io.signal };
    await copy.pullMetadata({ ...call, ...(await pinOffer(copy, root)) });
    const targets = await findTargets(copy, names, call);
    const directory = resolve(io.cwd, values.text("output") || ".");
    const destinations = intoDirectory(targets, directory, io.platform);
    await mkdir(directory, { recursive: true });
    for (const [target, destination] of destinations) {
      const progress = copyProgress(context);
      await copy.saveTarget(target, destination, { ...call, onProgress: progress.onProgress });
      progress.end();
      terminal.report(`wrote ${destination}, ${describeBytes(target.length)}, verified`);
    }
    if (terminal.format === "json") await printSaved(context, destinations);
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

/** Without names: every target of the repository. @throws CopyError COPY_TARGET_UNKNOWN before anything is written */
async function findTargets(
  copy: Copy,
  names: readonly string[],
  call: { readonly mode: ReturnType<typeof refreshMode>; readonly signal: AbortSignal },
): Promise<readonly TargetInfo[]> {
  const paths = names.length > 0 ? parseTargets(names) : await Array.fromAsync(copy.listTargets(call));
  const targets: TargetInfo[] = [];
  for (const path of paths) {
    const target = await copy.findTarget(path, call);
    if (target !== undefined) targets.push(target);
    else throw new CopyError("COPY_TARGET_UNKNOWN", `no target ${JSON.stringify(path)}`, { details: { target: path } });
  }
  return targets;
}

async function printSaved({ terminal }: Context, saved: readonly (readonly [TargetInfo, string])[]): Promise<void> {
  const targets = saved.map(([{ path, length, hashes }, file]) => {
    return { path, length, hashes: Object.fromEntries(hashes), file };
  });
  await terminal.printJson({ targets });
}
