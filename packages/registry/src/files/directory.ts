/** Directories whose entries outlive a power cut, not only a kill. */
import { mkdir, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError, isErrno } from "./errors.ts";

/**
 * Makes the names in a directory durable: what was created in it or renamed into it.
 * @throws FileError
 */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory, "r");
    await handle.sync();
  } catch (error) {
    // Some network file systems have no fsync for directories; there is nothing better to do there.
    if (!isErrno(error, "EINVAL", "ENOTSUP")) throw fileError(error, directory);
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
