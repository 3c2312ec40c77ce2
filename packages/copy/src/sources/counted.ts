import type { ByteStream } from "@dtuf/registry";

/** The same bytes, told as they pass. */
export async function* counted(stream: ByteStream, onBytes: ((bytes: number) => void) | undefined): ByteStream {
  for await (const chunk of stream) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
