/** Which targets a command means: names, patterns, a list of names, or all. */
import { CopyError, type Copy, type TargetInfo } from "@dtuf/copy";
import { matchesPath, type TargetPath } from "@dtuf/tuf";
import type { Context } from "../../context/command.ts";
import { readInput } from "../../context/input-file.ts";
import { isGiven } from "../../context/settings/modes.ts";
import { parseTargets, callOptions } from "../copy.ts";

/** A list of names: 100,000 of them are 5 MB. */
const namesMaxBytes: number = 64 * 1024 * 1024;

/** Names on the command line, in the file of `--names-from`, and those that a `--match` takes; each once. */
export async function selectTargets(
  context: Context,
  copy: Copy,
  words: readonly string[],
): Promise<readonly TargetInfo[]> {
  const listed = parseTargets([...words, ...(await readNames(context))]);
  return findAll(context, copy, new Set([...listed, ...(await findMatches(context, copy))]));
}

/** Of the same snapshot: one refresh serves all of them. @throws CopyError COPY_TARGET_UNKNOWN */
export async function findAll(
  context: Context,
  copy: Copy,
  paths: Iterable<TargetPath>,
): Promise<readonly TargetInfo[]> {
  const found: TargetInfo[] = [];
  for (const path of paths) {
    const target = await copy.findTarget(path, callOptions(context));
    if (target === undefined) throw unknown(`no target ${JSON.stringify(path)}`, { target: path });
    found.push(target);
  }
  return found;
}

export async function listAll(context: Context, copy: Copy): Promise<readonly TargetPath[]> {
  return Array.fromAsync(copy.listTargets(callOptions(context)));
}

async function readNames(context: Context): Promise<readonly string[]> {
  const { values } = context;
  const file = values.text("names-from") || undefined;
  if (file === undefined) return [];
  const text = Buffer.from(await readInput(context, file, namesMaxBytes)).toString("utf8");
  return text.split(values.on("null") ? "\0" : /\r?\n/).filter((name) => name !== "");
}

async function findMatches(context: Context, copy: Copy): Promise<readonly TargetPath[]> {
  const { values } = context;
  if (values.on("all")) return listAll(context, copy);
  if (!isGiven(values, "match")) return [];
  const patterns = values.list("match");
  const paths = await listAll(context, copy);
  const idle = patterns.find((pattern) => !paths.some((path) => matchesPath(pattern, path)));
  if (idle !== undefined) throw unknown(`no target matches ${JSON.stringify(idle)}`, { pattern: idle });
  return paths.filter((path) => patterns.some((pattern) => matchesPath(pattern, path)));
}

function unknown(message: string, details: Readonly<Record<string, string>>): CopyError {
  return new CopyError("COPY_TARGET_UNKNOWN", message, { details });
}
