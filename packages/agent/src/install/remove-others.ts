import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileCall, isErrno } from "@dtuf/registry/files";

/** Removes what is in a directory of the agent's own, except names that are wanted. Links are removed, not followed. @throws FileError */
export async function removeOthers(directory: string, isWanted: (name: string) => boolean): Promise<void> {
  const names = await fileCall(directory, async () => {
    try {
      return await readdir(directory);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return [];
      throw error;
    }
  });
  for (const name of names.filter((each) => !isWanted(each))) {
    await fileCall(directory, () => rm(join(directory, name), { recursive: true, force: true }));
  }
}
