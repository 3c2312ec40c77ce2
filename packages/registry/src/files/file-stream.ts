import type { FileHandle } from "node:fs/promises";
import type { ByteStream } from "../content.ts";
import { fileCall } from "./errors.ts";

const chunkMaxBytes = 256 * 1024;
/** What is looked for behind the end of a file: nothing, unless it grows. */
const chunkMinBytes = 4096;

/** The file's bytes from an offset on; the file is closed at the end of the loop, however it ends. @throws FileError */
export async function* readFrom(file: FileHandle, offset: number, path: string): ByteStream {
  try {
    const { size } = await fileCall(path, () => file.stat());
    for (let position = offset; ;) {
      const bytes = Math.min(chunkMaxBytes, Math.max(chunkMinBytes, size - position));
      const chunk = Buffer.allocUnsafe(bytes);
      const { bytesRead } = await fileCall(path, () => file.read(chunk, 0, bytes, position));
      if (bytesRead === 0) return;
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await fileCall(path, () => file.close());
  }
}
