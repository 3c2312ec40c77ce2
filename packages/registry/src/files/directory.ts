/** Directories whose entries outlive a power cut, not only a kill. */
import { lstat, mkdir, open, type FileHandle } from "node:fs/promises";
import { platform } from "node:os";
import { dirname } from "node:path";
import { FileError, fileError, isErrno } from "./errors.ts";
import { isWithoutDirectorySync } from "./platform.ts";

/**
 * Makes the names in a directory durable: what was created in it or renamed into it. Where a directory cannot be
 * fsynced, its file system's journal is what keeps names, in their order (docs/decisions/0008-platforms.md).
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
 * Creates a directory and its parents, durably. Nothing happens where it is there already.
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
 * To be called before anything is written, touched or deleted below directories of ours: a link in the place of one would
 * lead that elsewhere. What is not there yet is fine. What is above them is the caller's own path, and may be a link.
 * @throws FileError FILE_NOT_REGULAR
 */
export async function verifyDirectories(directories: readonly string[]): Promise<void> {
  for (const path of directories) {
    try {
      if ((await lstat(path)).isDirectory()) continue;
    } catch (error) {
      if (isErrno(error, "ENOENT")) continue;
      throw fileError(error, path);
    }
    throw new FileError("FILE_NOT_REGULAR", `${path} is not a directory of its own; a link there is not followed`, {
      details: { path },
    });
  }
}
