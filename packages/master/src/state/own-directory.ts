/** Directories of the state that only this program writes to. */
import { lstat, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { createDirectory, fileError, isErrno } from "@dtuf/registry/files";
import { MasterError } from "../errors.ts";

/** If an attacker put a link there, files would be written and deleted elsewhere. */
export async function createOwnDirectory(parent: string, name: string): Promise<void> {
  const path = join(parent, name);
  await createDirectory(path, { mode: 0o700 });
  if ((await lstat(path)).isDirectory()) return;
  throw new MasterError("MASTER_STATE_INVALID", `${path} is a link, not a directory`, { details: { path } });
}

export async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw fileError(error, directory);
  }
}

export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw fileError(error, path);
  }
}
