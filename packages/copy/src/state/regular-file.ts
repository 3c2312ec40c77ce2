/** Reading files that may have been planted: no link is followed at the name itself, no pipe is waited for. */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { fileError, FileError, isErrno } from "@dtuf/registry/files";

/** What says definitely that there is no such file. */
const missing = ["ENOENT", "ENOTDIR", "ENAMETOOLONG"] as const;

/** The links of a directory that its owner arranged may be followed; those in our own state never. */
export type LinkPolicy = "refuse-links" | "follow-links";

/** Undefined: not there. @throws FileError, also for what is no regular file */
export async function openRegularFile(
  path: string,
  links: LinkPolicy = "refuse-links",
): Promise<{ readonly file: FileHandle; readonly size: number } | undefined> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let file: FileHandle | undefined;
  try {
    file = await open(path, O_RDONLY | O_NONBLOCK | (links === "refuse-links" ? O_NOFOLLOW : 0));
    const stat = await file.stat();
    if (stat.isFile()) return { file, size: stat.size };
  } catch (error) {
    await file?.close();
    if (isErrno(error, ...missing)) return undefined;
    throw fileError(error, path);
  }
  await file.close();
  throw new FileError("FILE_IO", `${path} is not a regular file`, { details: { path } });
}

/** Undefined: not there. @throws FileError, also for a larger file */
export async function readRegularFile(
  path: string,
  maxBytes: number,
  links?: LinkPolicy,
): Promise<Uint8Array | undefined> {
  const opened = await openRegularFile(path, links);
  if (opened === undefined) return undefined;
  const { file, size } = opened;
  try {
    if (size > maxBytes) {
      throw new FileError("FILE_IO", `${path} has ${size} bytes; at most ${maxBytes} are read`, { details: { path } });
    }
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file.close();
  }
}
