/** Directories whose entries survive a power cut, not only a kill. */
import { lstat, mkdir, open, type FileHandle } from "node:fs/promises";
import { platform } from "node:os";
import { dirname } from "node:path";
import { FileError, fileError, isErrno } from "./errors.ts";
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
