import { resolve } from "node:path";
import type { Master, NewTarget, PushedTargets } from "@dtuf/master";
import type { Context } from "../../context/command.ts";
import { expectFiles, uploadProgress } from "../../context/progress/upload-progress.ts";
import { UsageError } from "../../context/usage.ts";
import { findStat } from "../../context/settings/find-stat.ts";

export interface NamedFile {
  readonly file: string;
  readonly target: string;
}

export interface Pushing {
  readonly files: readonly NamedFile[];
  /** What becomes of a file that is signed or staged as it is. */
  readonly same: "keep" | "push";
  /** "none": the files are only compared. */
  readonly effect: "push" | "none";
}

/** Uploads and stages each file. All of them are looked at before the first is sent. @throws UsageError; MasterError */
export async function pushFiles(
  context: Context,
  master: Master,
  { files, same, effect }: Pushing,
): Promise<PushedTargets> {
  const { cwd, signal } = context.io;
  const targets = new Set<string>();
  for (const { file, target } of files) {
    if (targets.has(target)) throw new UsageError(`two files would be the target ${target}`, "publish one with --name");
    targets.add(target);
    const found = await findStat(resolve(cwd, file));
    if (found === undefined) throw new UsageError(`there is no file ${file}`);
    if (!found.isFile())
      throw new UsageError(
        `${file} is no file`,
        `of a directory: ${context.program} push-targets <repo> DIRECTORY, then ${context.program} push-metadata <repo>`,
      );
  }
  const progress = uploadProgress(context, {
    expected: await expectFiles(files.map(({ file }) => resolve(cwd, file))),
  });
  const pushed = files.map(({ file, target }): NewTarget => {
    return { name: target, parts: [{ kind: "file", path: resolve(cwd, file) }] };
  });
  const result = await master.pushTargets(pushed, { same, effect, signal, onProgress: progress.onProgress });
  progress.end();
  return result;
}
