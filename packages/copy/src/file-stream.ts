import type { FileHandle } from "node:fs/promises";
import type { ByteStream } from "@dtuf/registry";

const chunkBytes = 1024 * 1024;

/** The file's bytes from an offset on; the file is closed at the end of the loop, however it ends. */
export async function* readFrom(file: FileHandle, offset: number): ByteStream {
  try {
    for (let position = offset; ;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
