import type { ByteStream } from "@dtuf/registry";

/** Yields the same bytes and reports the size of each chunk to `onBytes`. */
export async function* counted(stream: ByteStream, onBytes: ((bytes: number) => void) | undefined): ByteStream {
  for await (const chunk of stream) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
