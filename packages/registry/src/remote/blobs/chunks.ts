import type { ByteStream } from "../../content.ts";

export interface Chunk {
  readonly bytes: Uint8Array;
  /** Offset in the content. */
  readonly offset: number;
  readonly place: "middle" | "last";
}

/**
 * Cuts a stream into chunks of `chunkBytes`; the last one may be shorter. A chunk is yielded when more bytes have arrived,
 * the last one when the stream has ended without error. So the end of content that is verified as it streams is not sent
 * before the digest is verified.
 */
export async function* chunksOf(stream: ByteStream, chunkBytes: number): AsyncGenerator<Chunk> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let offset = 0;
  for await (const piece of stream) {
    let rest = piece;
    while (held + rest.length > chunkBytes) {
      pieces.push(rest.subarray(0, chunkBytes - held));
      rest = rest.subarray(chunkBytes - held);
      yield { bytes: Buffer.concat(pieces, chunkBytes), offset, place: "middle" };
      pieces = [];
      held = 0;
      offset += chunkBytes;
    }
    pieces.push(rest);
    held += rest.length;
  }
  yield { bytes: Buffer.concat(pieces, held), offset, place: "last" };
}

/** Delays each chunk until the next one, so that the last one is held until the stream has ended without error. */
export async function* holdLast(stream: ByteStream): ByteStream {
  let held: Uint8Array | undefined;
  for await (const chunk of stream) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}
