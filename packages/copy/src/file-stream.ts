import type { FileHandle } from "node:fs/promises";
import type { ByteStream } from "@dtuf/registry";
import { fileCall } from "./file-call.ts";

const chunkBytes = 256 * 1024;

/** The file's bytes from an offset on; the file is closed at the end of the loop, however it ends. @throws FileError */
export async function* readFrom(file: FileHandle, offset: number, path: string): ByteStream {
  try {
    for (let position = offset; ;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const { bytesRead } = await fileCall(path, () => file.read(chunk, 0, chunkBytes, position));
      if (bytesRead === 0) return;
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await fileCall(path, () => file.close());
  }
}
