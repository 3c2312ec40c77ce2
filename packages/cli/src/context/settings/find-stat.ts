/** Whether a path that the user named is there. A disk that cannot be read is another answer than that. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { fileError } from "@dtuf/registry/files";

/** Nothing has such a name, or nothing can have it. */
const absent: ReadonlySet<unknown> = new Set([
  ...["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "EINVAL"],
  "ERR_INVALID_ARG_VALUE",
]);

/** Follows links. Undefined: it is not there. @throws FileError */
export async function findStat(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && absent.has(error.code)) return undefined;
    throw fileError(error, path);
  }
}
