/**
 * Holds bytes back until all of them are verified: in memory if they are few, else in a file without a name, which the
 * system removes when the process ends for any reason.
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

/** Content up to this size is held in memory; larger content in a file, so that memory stays flat. */
const inMemoryMaxBytes = 1024 * 1024;

/**
 * Reads the stream to its end. It throws there if the bytes are wrong. Only then are the bytes available.
 * @param directory for the file; if it cannot be written, the system's directory for temporary files is used
 * @throws the stream's error; FileError
 */
export async function spool(stream: ByteStream, size: number, directory: string = tmpdir()): Promise<ByteStream> {
  if (size <= inMemoryMaxBytes) return openContent(await collect(stream, size));
  const file = await openNameless(directory);
  try {
    const writer = createBatchWriter(file, { path: directory, position: 0 });
    for await (const chunk of stream) await writer.write(chunk);
    await writer.end();
    const verified = readFrom(file, 0, directory);
    unread.register(verified, file);
    return verified;
  } catch (error) {
    // The first error is the one to report.
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** A file without a name cannot be opened again, so it stays open until it is read. An unread one is closed when it is garbage-collected. */
const unread = new FinalizationRegistry((file: FileHandle) => void file.close().catch(() => undefined));

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
/** Linux can create files without a name. The flag's value is the same on every architecture that Node supports. */
const linuxTemporary = 0o20000000 | O_DIRECTORY;
/** Windows removes the file when its last handle is closed (`_O_TEMPORARY`, fcntl.h). */
const windowsTemporary = 0x40;

/** On other systems the name is removed at once; a kill between the two calls leaves a file that is swept later. */
async function createNameless(directory: string): Promise<FileHandle> {
  if (platform() === "linux") {
    try {
      return await open(directory, linuxTemporary | O_RDWR, 0o600);
    } catch (error) {
      // The errors of file systems and kernels without O_TMPFILE.
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
