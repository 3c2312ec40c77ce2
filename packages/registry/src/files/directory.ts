/** Directories whose entries survive a power cut, not only a kill; and whether other users may change them. */
import { lstat, mkdir, open, realpath, type FileHandle } from "node:fs/promises";
import { platform } from "node:os";
import { dirname, resolve } from "node:path";
import { fileCall, FileError, fileError, isErrno } from "./errors.ts";
import { isWithoutDirectorySync } from "./platform.ts";

/**
 * Makes the names in a directory durable after files were created in it or renamed into it. If the system cannot fsync
 * directories, the journal of its file system keeps names, in their order (docs/decisions/0008-platforms.md).
 * @throws FileError
 */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory, "r");
    await handle.sync();
  } catch (error) {
    if (!isWithoutDirectorySync(error, platform())) throw fileError(error, directory);
  } finally {
    await handle?.close();
  }
}

/**
 * Creates a directory and its parents durably. Does nothing if it exists.
 * @throws FileError
 */
export async function createDirectory(
  directory: string,
  { mode = 0o777 }: { readonly mode?: number } = {},
): Promise<void> {
  let first: string | undefined;
  try {
    first = await mkdir(directory, { recursive: true, mode });
  } catch (error) {
    throw fileError(error, directory);
  }
  if (first === undefined) return;
  const highest = dirname(first);
  for (let parent = dirname(directory); ; parent = dirname(parent)) {
    await syncDirectory(parent);
    if (parent === highest || parent === dirname(parent)) return;
  }
}

/**
 * Verifies that the directories are not links; to be called before anything is written, touched or deleted below them,
 * because a link would redirect that. Directories that do not exist yet are accepted. The path above them is the caller's
 * own and may contain links. @throws FileError FILE_NOT_REGULAR
 */
export async function verifyDirectories(directories: readonly string[]): Promise<void> {
  for (const path of directories) {
    try {
      if ((await lstat(path)).isDirectory()) continue;
    } catch (error) {
      if (isErrno(error, "ENOENT")) continue;
      throw fileError(error, path);
    }
    throw new FileError("FILE_NOT_REGULAR", `${path} is not a directory; links are not followed here`, {
      details: { path },
    });
  }
}

/** What other users may change. */
export interface Changeable {
  readonly path: string;
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
}

const byGroup = 0o020;
const byAll = 0o002;
const sticky = 0o1000;

/**
 * The path, or the first directory above it, that other users may change; undefined if there is none. Root trusts root alone; a program
 * of another user trusts its group and the owners of directories. In a directory such as /tmp nobody can exchange a name of somebody
 * else. Not for Windows. @throws FileError
 */
export async function findChangeable(path: string, uid: number): Promise<Changeable | undefined> {
  const given = resolve(path);
  // A name on the way can be a link: the link must be safe, and what it leads to.
  const real = await fileCall(given, () => realpath(given));
  for (const start of new Set([given, real])) {
    for (let at = start; ; at = dirname(at)) {
      const found = await inspect(at, { isStart: at === start, uid });
      if (found !== undefined) return found;
      if (at === dirname(at)) break;
    }
  }
  return undefined;
}

async function inspect(
  path: string,
  { isStart, uid: ownUid }: { readonly isStart: boolean; readonly uid: number },
): Promise<Changeable | undefined> {
  const stat = await fileCall(path, () => lstat(path));
  const isRoot = ownUid === 0;
  const isOthers = isRoot && stat.uid !== 0;
  // The permissions of a link mean nothing, and above the path itself the sticky bit keeps names.
  const isKept = stat.isSymbolicLink() || (!isStart && (stat.mode & sticky) !== 0);
  const isWritable = !isKept && (stat.mode & (isRoot ? byGroup | byAll : byAll)) !== 0;
  return isOthers || isWritable ? { path, uid: stat.uid, mode: stat.mode & 0o7777 } : undefined;
}
