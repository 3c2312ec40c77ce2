/** Where targets are written: their names come from elsewhere, and never lead out of the directory. */
import { basename, dirname, join, resolve } from "node:path";
import type { TargetDestination, TargetInfo } from "@dtuf/copy";
import { createDirectory, isFileName, verifyDirectories } from "@dtuf/registry/files";
import type { Context } from "../../context/command.ts";
import { UsageError } from "../../context/usage.ts";
import { findNameClashes } from "../../targets/name-clash.ts";
import { findStat } from "../../context/settings/find-stat.ts";

/** Of a file's name, on all common file systems. */
const nameMaxBytes = 255;

export interface Output {
  readonly kind: "stdout" | "file" | "directory";
  /** Absolute; of a file and of a directory. */
  readonly path: string;
}

/**
 * What `--output` names: stdout, a directory if it is one, ends in a slash or several targets go there, else a file.
 * @throws UsageError
 */
export async function findOutput({ io, values }: Context, output: string, targets: "one" | "several"): Promise<Output> {
  const path = resolve(io.cwd, output);
  if (output === "-") return { kind: "stdout", path };
  const found = await findStat(path);
  if (found?.isDirectory() === true) return { kind: "directory", path };
  const namesDirectory = output.endsWith("/") || (io.platform === "win32" && output.endsWith("\\"));
  if (namesDirectory || targets === "several" || values.on("tree")) {
    if (found === undefined) return { kind: "directory", path };
    throw new UsageError(
      `${values.given("output")}: wanted a directory; ${JSON.stringify(output)} is not a directory`,
      "name a directory, or pull one target with --output FILE",
    );
  }
  if (isFileName(basename(path), io.platform)) return { kind: "file", path };
  throw new UsageError(`${values.given("output")}: ${JSON.stringify(output)} is no name for a file on this system`);
}

/** For what is not stdout. @throws UsageError */
export function chooseDestinations(
  { io, values }: Context,
  targets: readonly TargetInfo[],
  { kind, path }: Output,
): readonly TargetDestination[] {
  if (kind === "file") return targets.map((target) => ({ target, destination: path }));
  return intoDirectory(targets, path, { platform: io.platform, names: values.on("tree") ? "whole" : "last" });
}

export interface Naming {
  /** Node's word for the system. */
  readonly platform: string;
  /** "whole": the directories in a target's name become directories. */
  readonly names: "whole" | "last";
}

/**
 * No target replaces another one, on a disk that knows no case or no spelling of accents either, and none is a directory that
 * another one needs.
 */
export function intoDirectory(
  targets: readonly TargetInfo[],
  directory: string,
  { platform, names }: Naming,
): readonly TargetDestination[] {
  const wanted = [...new Map(targets.map((target) => [target.path, target])).values()];
  const nameOf = names === "whole" ? wholeNameOf : fileNameOf;
  const files = wanted.map((target) => nameOf(target, platform));
  const [clash] = findNameClashes(files);
  if (clash === undefined)
    return wanted.map((target, index) => ({ target, destination: join(directory, files[index] ?? "") }));
  const [one, other] = clash.between.map((index) => JSON.stringify(wanted[index]?.path));
  throw new UsageError(
    `--output: ${one} and ${other} would be one file${clash.kind === "directory" ? " and its directory" : ""}`,
    names === "whole"
      ? "pull them one by one with --output FILE"
      : "--tree keeps their directories, or pull them one by one with --output FILE",
  );
}

/** The target's last component, which must be an ordinary file name: a target's name never leads out of the directory. */
export function fileNameOf({ path }: { readonly path: string }, platform: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const isPlain = isFileName(name, platform) && !/[\0-\x1f\\:]/.test(name);
  if (!isPlain || Buffer.byteLength(name) > nameMaxBytes) {
    throw new UsageError(`target ${JSON.stringify(path)} has no name for a file`, "pull it alone with --output FILE");
  }
  return name;
}

function wholeNameOf({ path }: TargetInfo, platform: string): string {
  return path
    .split("/")
    .map((part) => fileNameOf({ path: part }, platform))
    .join("/");
}

/** Makes the directories that the files need below the one that was named; none of them is a link. @throws FileError */
export async function createDirectories(directory: string, wanted: readonly TargetDestination[]): Promise<void> {
  const needed = new Set<string>();
  for (const { destination } of wanted) {
    for (let inner = dirname(destination); inner.length > directory.length; inner = dirname(inner)) needed.add(inner);
  }
  const directories = [...needed].toSorted((a, b) => a.length - b.length);
  await verifyDirectories(directories);
  for (const each of directories) await createDirectory(each);
}
