/**
 * Holding bytes back until all of them are verified: in memory where they are few, else in a file without a name, which
 * the system removes however the process ends.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, unlink, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect, type ByteStream } from "@dtuf/registry";
import { createDirectory, FileError, fileError } from "@dtuf/registry/files";
import { createBatchWriter } from "./batch-writer.ts";
import { readFrom } from "../sources/file-stream.ts";
import { spoolInMemoryMaxBytes } from "../limits.ts";

/** Reads the stream to its end, where it throws if the bytes are wrong; only then is there anything to read. */
export async function spool(stream: ByteStream, size: number, directory: string): Promise<ByteStream> {
  if (size <= spoolInMemoryMaxBytes) return single(await collect(stream, size));
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

/** In the state directory; where that cannot be written, in the system's place for temporary files. */
async function openNameless(directory: string): Promise<FileHandle> {
  try {
    await createDirectory(directory, { mode: 0o700 });
    return await openUnlinked(directory);
  } catch (error) {
    if (!FileError.is(error) || error.code !== "FILE_READ_ONLY") throw error;
    return openUnlinked(tmpdir());
  }
}

async function openUnlinked(directory: string): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  const path = join(directory, `.dtuf-tmp-${randomBytes(8).toString("hex")}`);
  let file: FileHandle | undefined;
  try {
    file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600);
    await unlink(path);
    return file;
  } catch (error) {
    await file?.close();
    throw fileError(error, path);
  }
}

async function* single(bytes: Uint8Array): ByteStream {
  if (bytes.length > 0) yield bytes;
}
