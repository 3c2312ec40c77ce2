import type { ByteStream } from "../../content.ts";

export interface Chunk {
  readonly bytes: Uint8Array;
  /** Where it begins in the content. */
  readonly offset: number;
  readonly place: "middle" | "last";
}

/**
 * Cuts a stream into chunks of `chunkBytes`, the last one shorter. A chunk leaves when the stream has gone on after it,
 * the last one when the stream has ended well: of content that is verified as it streams, the end is never sent before
 * the digest was right.
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

/** Passes chunks on one late, so that the last one is held until the stream has ended well. */
export async function* holdLast(stream: ByteStream): ByteStream {
  let held: Uint8Array | undefined;
  for await (const chunk of stream) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}
