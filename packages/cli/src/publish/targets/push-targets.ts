/** Files and directories become targets, many at a time, and are staged together. */
import type { Master, NewTarget, PushedTargets } from "@dtuf/master";
import type { Context, Run } from "../../context/command.ts";
import { expectFiles, uploadProgress } from "../../context/progress/upload-progress.ts";
import { describeBytes, describeCount } from "../../context/time.ts";
import { UsageError } from "../../context/usage.ts";
import { readCustom } from "../../targets/custom.ts";
import { readPrefix } from "../../targets/prefix.ts";
import { manyIndexOptions } from "../../targets/chunk-index.ts";
import { findFiles, type FoundFiles } from "./directory-files.ts";
import { withMaster } from "../master/master.ts";
import { noteNameClashes } from "../reports/name-clashes.ts";
import { reportStaged } from "../reports/staged-report.ts";
import { changeLines } from "../../targets/changed-fields.ts";

export const run: Run = async (context, [repo = "", ...words]) => {
  const { io, values, terminal } = context;
  const prefix = readPrefix(values);
  const found = await findFiles(words, io.cwd, prefix);
  verifyFound(context, found);
  const custom = await readCustom(context);
  const targets = found.files.map(({ name, path }): NewTarget => ({ name, custom, parts: [{ kind: "file", path }] }));
  await withMaster(context, repo, async (master) => {
    const progress = uploadProgress(context, { expected: await expectFiles(found.files.map(({ path }) => path)) });
    const pushed = await master.pushTargets(targets, {
      ...manyIndexOptions(context),
      same: values.on("newer") ? "keep" : "push",
      deleteOthers: values.on("delete") ? prefix : undefined,
      effect: values.on("dry-run") ? "none" : "push",
      signal: io.signal,
      onProgress: progress.onProgress,
    });
    progress.end();
    for (const path of found.passedOver) terminal.report(`left out ${path}: it is neither a file nor a directory`);
    await noteNameClashes(context, master, pushed.staged);
    await printPushed(context, repo, { ...pushed, master });
  });
};

/** What is not followed could stand for names that would then be taken for gone. @throws UsageError */
function verifyFound({ values }: Context, { files, passedOver, directories }: FoundFiles): void {
  if (files.length === 0) throw new UsageError("the named directories hold no files");
  if (!values.on("delete")) return;
  const given = values.given("delete");
  if (directories === 0)
    throw new UsageError(`${given}: wanted a directory, because a file can be gone only from there`);
  const [first] = passedOver;
  if (first === undefined) return;
  throw new UsageError(`${given}: ${first} is neither a file nor a directory, so it is not known which files are gone`);
}

async function printPushed(
  context: Context,
  repo: string,
  { staged, unchanged, master }: PushedTargets & { readonly master: Master },
): Promise<void> {
  const { terminal, values } = context;
  const uploaded = staged.flatMap(({ file }) => file ?? []);
  const gone = staged.length - uploaded.length;
  const size = describeBytes(uploaded.reduce((sum, { length }) => sum + length, 0));
  const what = [
    `${describeCount(uploaded.length, "target")}, ${size}`,
    ...(unchanged.length === 0 ? [] : [`${unchanged.length} unchanged`]),
    ...(gone === 0 ? [] : [`the removal of ${describeCount(gone, "target")}`]),
  ].join("; ");
  if (values.on("dry-run")) terminal.report(`would stage ${what}`);
  else if (staged.length === 0) terminal.report(`nothing to stage: ${unchanged.length} unchanged`);
  else await reportStaged(context, repo, { what: `uploaded and staged ${what}`, master });
  if (terminal.format === "json") {
    const targets = staged.map(({ path, change, file }) => ({ target: path, change, ...file }));
    await terminal.printJson({ targets, unchanged });
  } else if (values.on("dry-run")) {
    for (const line of staged.flatMap(changeLines)) await terminal.printName(line);
  }
}
