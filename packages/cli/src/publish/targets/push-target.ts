import { resolve } from "node:path";
import { emptySha256, findTargetPatches } from "@dtuf/format";
import type { TargetPart } from "@dtuf/master";
import type { JsonObject, TargetFile } from "@dtuf/tuf";
import type { Context, Run } from "../../context/command.ts";
import { expectFiles, uploadProgress } from "../../context/progress/upload-progress.ts";
import { withInputFiles } from "../../context/input-file.ts";
import { UsageError } from "../../context/usage.ts";
import { describeBytes } from "../../context/time.ts";
import { readCustom } from "../../targets/custom.ts";
import { withMaster } from "../master/master.ts";
import { reportStaged } from "../reports/staged-report.ts";
import { givenRole, pushPlaced } from "./role-target.ts";
import { findStat } from "../../context/settings/find-stat.ts";

/** `@name` is another target, whose blobs are used again; `./@name` is a file of that name. */
export const run: Run = async (context, [repo = "", target = "", ...words]) => {
  const custom = await readCustom(context);
  if (words.length === 0) return changeCustom(context, { repo, target, custom });
  if (!context.values.on("parts")) await refuseSeveralFiles(context, { repo, target, words });
  const files = words.filter((word) => !word.startsWith("@"));
  if (files.length === 0 && (context.values.text("part-size") ?? "") !== "")
    throw new UsageError(`${context.values.given("part-size")}: the parts of another target stay as they are`);
  return withInputFiles(context, files, (paths) => push(context, { repo, target, words, custom }, paths));
};

/** No file is named: what is signed or staged keeps its content, and nothing is sent. */
function changeCustom(context: Context, { repo, target, custom }: Omit<Asked, "words">): Promise<void> {
  if (custom === undefined)
    throw new UsageError(`no file for ${target} was named`, "or give --custom to change that alone");
  return withMaster(context, repo, async (master) => {
    await master.setCustom([target], custom, { signal: context.io.signal });
    await reportStaged(context, repo, { what: `staged other custom metadata for ${target}`, master });
  });
}

async function push(context: Context, { repo, target, words, custom }: Asked, paths: readonly string[]): Promise<void> {
  const inOrder = paths.values();
  const parts = words.map((word): TargetPart =>
    word.startsWith("@")
      ? { kind: "target", name: word.slice(1) }
      : { kind: "file", path: inOrder.next().value ?? word },
  );
  const progress = uploadProgress(context, { expected: await expectFiles(paths) });
  return withMaster(context, repo, async (master) => {
    const file = await pushPlaced(context, master, { target, parts, custom, onProgress: progress.onProgress });
    progress.end();
    const made = parts.length > 1 ? `, one target of ${parts.length} parts (${words.join(", ")})` : "";
    await reportStaged(context, repo, {
      master,
      what: `uploaded ${target}, ${describeBytes(file.length)}${made}${describeCompanions(context, file)}`,
      role: givenRole(context),
    });
    if (context.terminal.format === "json") {
      await context.terminal.printJson({ target, length: file.length, hashes: Object.fromEntries(file.hashes) });
    }
  });
}

/** Says that there is none if one was asked for: the push is complete without. */
function describeCompanions({ values }: Context, file: TargetFile): string {
  const patches = findTargetPatches(file);
  const patch = patches.find(({ from, to }) => from !== emptySha256 && to === undefined);
  const copy = patches.find(({ from }) => from === emptySha256);
  const withPatch = patch === undefined ? "" : `, with a patch of ${describeBytes(patch.blob.size)}`;
  const withCopy = copy === undefined ? "" : `, with a compressed copy of ${describeBytes(copy.blob.size)}`;
  const isPatchMissing = patch === undefined && (values.text("patch-from") ?? "") !== "";
  const noPatch = isPatchMissing ? ", without a patch: it would save too little, or the older version is gone" : "";
  const noCopy =
    copy === undefined && values.on("compress") ? ", without a compressed copy: it would save too little" : "";
  return withPatch + withCopy + noPatch + noCopy;
}

interface Asked {
  readonly repo: string;
  readonly target: string;
  readonly words: readonly string[];
  readonly custom: JsonObject | undefined;
}

/** `push-target REPO dir/*` would sign all files but the first, joined, under the name of the first. @throws UsageError */
async function refuseSeveralFiles(
  { io, program }: Context,
  { repo, target, words }: Omit<Asked, "custom">,
): Promise<void> {
  if (words.length < 2 || words.includes(target)) return;
  const found = await findStat(resolve(io.cwd, target));
  if (found?.isFile() !== true) return;
  throw new UsageError(
    `${target} is a file, and here it would be the name of one target made of ${words.join(" and ")}`,
    `several targets: ${program} push-targets ${repo} ${[target, ...words].join(" ")}; one target of several parts: --parts`,
  );
}
