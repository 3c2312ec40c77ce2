/**
 * Holding bytes back until all of them are verified: in memory if they are few, else in a file without a name, which the
 * system removes however the process ends.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, unlink, type FileHandle } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { openContent, type ByteStream } from "../content.ts";
import { collect } from "../verifying.ts";
import { createBatchWriter } from "./batch-writer.ts";
import { createDirectory } from "./directory.ts";
import { fileCall, FileError, isErrno } from "./errors.ts";
import { readFrom } from "./file-stream.ts";

/** Content up to this size is verified in memory; larger content passes through a file, so that memory stays flat. */
const inMemoryMaxBytes = 1024 * 1024;

/**
 * Reads the stream to its end, where it throws if the bytes are wrong; only then is there anything to read.
 * @param directory where a file may be made; if nothing can be written there, the system's place for temporary files
 * @throws what the stream throws; FileError
 */
export async function spool(stream: ByteStream, size: number, directory: string = tmpdir()): Promise<ByteStream> {
  if (size <= inMemoryMaxBytes) return openContent(await collect(stream, size));
  const file = await openNameless(directory);
  try {
    const writer = createBatchWriter(file, { path: directory, position: 0 });
    for await (const chunk of stream) await writer.write(chunk);
    await writer.end();
    return readFrom(file, 0, directory);
  } catch (error) {
    // The fault that led here is the one to report.
    await file.close().catch(() => undefined);
    throw error;
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  try {
    await createDirectory(directory, { mode: 0o700 });
    return await fileCall(directory, () => createNameless(directory));
  } catch (error) {
    if (!FileError.is(error) || error.code !== "FILE_READ_ONLY") throw error;
    return fileCall(tmpdir(), () => createNameless(tmpdir()));
  }
}

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
/** Linux makes files that never have a name. The number is that of every architecture that Node is built for. */
const linuxTemporary = 0o20000000 | O_DIRECTORY;
/** Windows removes the file with its last handle (`_O_TEMPORARY`, fcntl.h). */
const windowsTemporary = 0x40;

/** Elsewhere the name is removed at once; a kill between the two calls leaves a file that sweeping knows. */
async function createNameless(directory: string): Promise<FileHandle> {
  if (platform() === "linux") {
    try {
      return await open(directory, linuxTemporary | O_RDWR, 0o600);
    } catch (error) {
      // What file systems and kernels say that do not know of it.
      if (!isErrno(error, "EOPNOTSUPP", "ENOTSUP", "EISDIR", "EINVAL", "ENOENT")) throw error;
    }
  }
  const path = join(directory, `.dtuf-tmp-${randomBytes(8).toString("hex")}`);
  const creation = O_CREAT | O_EXCL | O_RDWR;
  if (platform() === "win32") return open(path, creation | windowsTemporary, 0o600);
  const file = await open(path, creation | O_NOFOLLOW, 0o600);
  try {
    await unlink(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
