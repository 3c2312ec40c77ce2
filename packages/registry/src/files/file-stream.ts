import type { FileHandle } from "node:fs/promises";
import { withOwnMemory, type ByteStream } from "../content.ts";
import { fileCall } from "./errors.ts";

const chunkMaxBytes = 256 * 1024;
/** Bytes to read at the end of a file, in case it has grown. */
const chunkMinBytes = 4096;

/** Reads the file from an offset on. The file is closed when the loop ends for any reason. @throws FileError */
export async function* readFrom(file: FileHandle, offset: number, path: string): ByteStream {
  try {
    const { size } = await fileCall(path, () => file.stat());
    for (let position = offset; ;) {
      const bytes = Math.min(chunkMaxBytes, Math.max(chunkMinBytes, size - position));
      const chunk = Buffer.allocUnsafe(bytes);
      const { bytesRead } = await fileCall(path, () => file.read(chunk, 0, bytes, position));
      if (bytesRead === 0) return;
      position += bytesRead;
      yield bytesRead === bytes ? withOwnMemory(chunk) : chunk.subarray(0, bytesRead);
    }
  } finally {
    await fileCall(path, () => file.close());
  }
}
