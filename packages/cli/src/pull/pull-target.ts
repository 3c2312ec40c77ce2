import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { describeBytes } from "../context/time.ts";
import { CopyError, type Copy, type TargetInfo } from "@dtuf/copy";
import { isFileName } from "@dtuf/registry/files";
import type { Context, Run } from "../context/command.ts";
import { copyProgress, parseTargets, refreshMode, withCopy } from "./copy.ts";
import { UsageError } from "../context/usage.ts";

/** Of a file's name, on all common file systems. */
const nameMaxBytes = 255;

/** Every target is found before the first byte is written, so that a misspelt name leaves nothing half done. */
export const run: Run = (context, [repo = "", ...names]) =>
  withCopy(context, repo, async (copy) => {
    const targets = await findAll(context, copy, names);
    const output = context.values.text("output") ?? "-";
    if (output === "-") return writeAll(context, copy, targets);
    const destinations = await chooseDestinations(context, targets, output);
    for (const [target, destination] of destinations) {
      await save(context, copy, { target, destination });
      context.terminal.report(`wrote ${destination}, ${describeBytes(target.length)}, verified`);
    }
    if (context.terminal.format === "json") {
      const saved = destinations.map(([{ path, length, hashes }, file]) => ({
        path,
        length,
        hashes: Object.fromEntries(hashes),
        file,
      }));
      await context.terminal.printJson({ targets: saved });
    }
  });

async function findAll(context: Context, copy: Copy, names: readonly string[]): Promise<readonly TargetInfo[]> {
  const found: TargetInfo[] = [];
  for (const path of parseTargets(names)) {
    // One refresh serves all of them: what is found afterwards is of the same snapshot.
    const target = await copy.findTarget(path, { mode: refreshMode(context), signal: context.io.signal });
    if (target === undefined) {
      throw new CopyError("COPY_TARGET_UNKNOWN", `no target ${JSON.stringify(path)}`, { details: { target: path } });
    }
    found.push(target);
  }
  return found;
}

async function writeAll(context: Context, copy: Copy, targets: readonly TargetInfo[]): Promise<void> {
  const progress = copyProgress(context);
  const options = { mode: refreshMode(context), signal: context.io.signal, onProgress: progress.onProgress };
  for (const target of targets) {
    if (!context.values.on("blob-info")) {
      for await (const chunk of await copy.openTarget(target, options)) await context.terminal.writeBytes(chunk);
      continue;
    }
    for await (const { digest, size, stream } of copy.openTargetBlobs(target, options)) {
      await context.terminal.print(`${digest} ${size}`);
      for await (const chunk of stream) await context.terminal.writeBytes(chunk);
    }
  }
  progress.end();
}

async function save(
  context: Context,
  copy: Copy,
  { target, destination }: { readonly target: TargetInfo; readonly destination: string },
): Promise<void> {
  const progress = copyProgress(context);
  await copy.saveTarget(target, destination, {
    mode: refreshMode(context),
    signal: context.io.signal,
    onProgress: progress.onProgress,
  });
  progress.end();
}

/** A file for one target; a directory, which then must be there, for several. */
async function chooseDestinations(
  { io }: Context,
  targets: readonly TargetInfo[],
  output: string,
): Promise<readonly (readonly [TargetInfo, string])[]> {
  const path = resolve(io.cwd, output);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return intoDirectory(targets, path, io.platform);
  const [target, ...more] = targets;
  const namesDirectory = output.endsWith("/") || (io.platform === "win32" && output.endsWith("\\"));
  if (namesDirectory || target === undefined || more.length > 0) {
    throw new UsageError(`--output: ${JSON.stringify(output)} is no directory`, `mkdir -p ${output}`);
  }
  if (!isFileName(basename(path), io.platform)) {
    throw new UsageError(`--output: ${JSON.stringify(output)} is no name for a file on this system`);
  }
  return [[target, path]];
}

/** No target replaces another one, on a disk that knows no case or no spelling of accents either. */
export function intoDirectory(
  targets: readonly TargetInfo[],
  directory: string,
  platform: string,
): readonly (readonly [TargetInfo, string])[] {
  const taken = new Map<string, TargetInfo>();
  return targets.map((target) => {
    const name = fileNameOf(target, platform);
    const key = name.normalize("NFC").toLowerCase();
    const other = taken.get(key);
    taken.set(key, target);
    if (other === undefined || other.path === target.path) return [target, join(directory, name)];
    const both = `${JSON.stringify(other.path)} and ${JSON.stringify(target.path)}`;
    throw new UsageError(`--output: ${both} would be one file`, "pull them one by one with --output FILE");
  });
}

/** The target's last component, which must be an ordinary file name: a target's name never leads out of the directory. */
export function fileNameOf({ path }: Pick<TargetInfo, "path">, platform: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const isPlain = isFileName(name, platform) && !/[\0-\x1f\\:]/.test(name);
  if (!isPlain || Buffer.byteLength(name) > nameMaxBytes) {
    throw new UsageError(`target ${JSON.stringify(path)} has no name for a file`, "pull it alone with --output FILE");
  }
  return name;
}
