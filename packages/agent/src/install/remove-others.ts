import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileCall, isErrno } from "@dtuf/registry/files";

/** Of a content that waits to be installed, while it is downloaded too. Other programs do not make files of such names. */
export const stagedName: RegExp =
  /^(?:staged-[0-9a-f]{64}|\.dtuf-(?:tmp-[0-9a-f]{16}|[0-9a-f]{32}\.(?:partial|lock)))$/;

/**
 * Removes what the agent made in a directory, which is known by its name, except names that are wanted. Everything else stays, because a
 * user may keep files of their own there. Links are removed, not followed. @throws FileError
 */
export async function removeOthers(
  directory: string,
  { made, wanted }: { readonly made: readonly RegExp[]; readonly wanted: ReadonlySet<string> },
): Promise<void> {
  const names = await fileCall(directory, async () => {
    try {
      return await readdir(directory);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return [];
      throw error;
    }
  });
  for (const name of names.filter((each) => !wanted.has(each) && made.some((form) => form.test(each)))) {
    await fileCall(directory, () => rm(join(directory, name), { recursive: true, force: true }));
  }
}
