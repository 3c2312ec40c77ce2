import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { FileError, fileError, isErrno } from "./errors.ts";

/**
 * A whole small file, or undefined where it is not there. Never waits on a pipe or a device that stands in its place.
 * @throws FileError FILE_TOO_LARGE where it has more than `maxBytes`
 */
export async function findFile(
  path: string,
  { maxBytes }: { readonly maxBytes: number },
): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return await readAll(file, path, maxBytes);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw fileError(error, path);
  } finally {
    await file?.close();
  }
}

async function readAll(file: FileHandle, path: string, maxBytes: number): Promise<Uint8Array> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new FileError("FILE_IO", `cannot read ${path}: not a regular file`, { details: { path } });
  if (stat.size > maxBytes) {
    throw new FileError("FILE_TOO_LARGE", `${path} has ${stat.size} bytes; at most ${maxBytes} are read`, {
      details: { path, limit: maxBytes, got: stat.size },
    });
  }
  const bytes = Buffer.allocUnsafe(stat.size);
  let length = 0;
  for (let read = 1; read > 0 && length < stat.size; length += read) {
    read = (await file.read(bytes, length, stat.size - length, length)).bytesRead;
  }
  return bytes.subarray(0, length);
}
