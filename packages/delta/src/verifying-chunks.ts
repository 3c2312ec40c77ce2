import { createHash } from "node:crypto";
import type { ChunkIndex } from "./chunk-index.ts";
import { DeltaError } from "./errors.ts";

/**
 * Yields the content chunk by chunk, each one after its SHA-256 was verified. At most one chunk is held in memory. Begins
 * with the chunk `first`, counted from 0, and takes the stream to begin there.
 *
 * What was yielded is a beginning of the indexed content at every moment. The hash of the whole content is not verified here.
 * @throws DeltaError DELTA_CHUNK_DIFFERS, DELTA_LENGTH_DIFFERS from the stream
 */
export async function* verifyingChunks(
  stream: AsyncIterable<Uint8Array>,
  index: ChunkIndex,
  first = 0,
): AsyncGenerator<Uint8Array, void> {
  let number = first;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const arrived of stream) {
    for (let rest = arrived; rest.length > 0;) {
      if (number >= index.count) throw lengthDiffers(index, "more");
      const chunk = index.chunk(number);
      const piece = rest.subarray(0, chunk.length - heldBytes);
      rest = rest.subarray(piece.length);
      held.push(piece);
      heldBytes += piece.length;
      if (heldBytes < chunk.length) break;
      yield verifyChunk(held, index, number);
      number += 1;
      held = [];
      heldBytes = 0;
    }
  }
  if (number < index.count) throw lengthDiffers(index, "fewer");
}

/**
 * Returns the bytes of a chunk, given in pieces, if they are the chunk of this number.
 * @throws DeltaError DELTA_CHUNK_DIFFERS
 */
export function verifyChunk(pieces: readonly Uint8Array[], index: ChunkIndex, number: number): Uint8Array {
  const { offset, length, sha256 } = index.chunk(number);
  const [only] = pieces;
  // The bytes are copied if they are not one piece: what was verified is what is returned.
  const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  const got = createHash("sha256").update(bytes).digest();
  if (bytes.length === length && got.equals(sha256)) return bytes;
  const message = `the bytes from ${offset} on are not those of the signed index: chunk ${number} differs`;
  throw new DeltaError("DELTA_CHUNK_DIFFERS", message, { offset, length, chunk: number });
}

function lengthDiffers({ length }: ChunkIndex, word: "more" | "fewer"): DeltaError {
  return new DeltaError("DELTA_LENGTH_DIFFERS", `the content has ${word} bytes than the ${length} that were signed`, {
    wanted: length,
  });
}
