/** Files and directories on the command line -> names of targets. */
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { isFileName } from "@dtuf/registry/files";
import { UsageError } from "../../context/usage.ts";
import { findStat } from "../../context/settings/find-stat.ts";

export interface FoundFile {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  /** What is neither a file nor a directory, and is not followed: links, sockets, devices. */
  readonly passedOver: readonly string[];
  /** How many of the words are directories. */
  readonly directories: number;
}

/**
 * A file has its own name, the files of a directory their names from there, with `/` between. Sorted within each.
 * @throws UsageError for stdin, a word that is not there, two files of one name, and a name that no Windows machine could save
 */
export async function findFiles(words: readonly string[], cwd: string, prefix: string): Promise<FoundFiles> {
  const found = new Map<string, FoundFile>();
  const passedOver: string[] = [];
  let directories = 0;
  if (words.includes("-")) {
    throw new UsageError("stdin has no name that its target could have", "push it with push-target, which names it");
  }
  for (const word of words) {
    const path = resolve(cwd, word);
    const stats = await findStat(path);
    if (stats === undefined) throw new UsageError(`there is no file ${word}`);
    if (!stats.isFile() && !stats.isDirectory()) throw new UsageError(`${word} is neither a file nor a directory`);
    if (stats.isDirectory()) directories += 1;
    const files = stats.isFile() ? [{ name: basename(path), path }] : await walk({ name: "", path }, passedOver);
    for (const file of files) addFile(found, { ...file, name: `${prefix}${file.name}` });
  }
  return { files: [...found.values()], passedOver, directories };
}

function addFile(found: Map<string, FoundFile>, file: FoundFile): void {
  const { name, path } = file;
  if (!name.split("/").every((part) => isFileName(part, "win32"))) {
    throw new UsageError(
      `${path}: the target ${JSON.stringify(name)} could not be saved on Windows`,
      "rename the file, or push it alone with push-target",
    );
  }
  const other = found.get(name);
  if (other !== undefined && other.path !== path) {
    throw new UsageError(`${other.path} and ${path} would be one target, ${JSON.stringify(name)}`);
  }
  found.set(name, file);
}

async function walk({ name, path }: FoundFile, passedOver: string[]): Promise<readonly FoundFile[]> {
  const entries = (await readdir(path, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const found: FoundFile[] = [];
  for (const entry of entries) {
    const inner = { name: name === "" ? entry.name : `${name}/${entry.name}`, path: join(path, entry.name) };
    if (entry.isFile()) found.push(inner);
    else if (entry.isDirectory()) found.push(...(await walk(inner, passedOver)));
    else passedOver.push(inner.path);
  }
  return found;
}
