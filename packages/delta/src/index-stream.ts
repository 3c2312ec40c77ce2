import { createHash } from "node:crypto";
import { parseChunkIndex, type ChunkIndex } from "./chunk-index.ts";
import { createIndexMaker } from "./index-maker.ts";

export interface IndexStreamOptions {
  /** See `chooseAverage`. */
  readonly average: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Cuts and hashes a content that is read for nothing else. Undefined if it has more chunks than an index may have, or none.
 * @throws what the stream throws; the signal's reason
 */
export async function indexStream(
  stream: AsyncIterable<Uint8Array>,
  { average, signal }: IndexStreamOptions,
): Promise<ChunkIndex | undefined> {
  const maker = createIndexMaker({ average, hashedBy: "caller" });
  const whole = createHash("sha256");
  let length = 0;
  for await (const bytes of stream) {
    signal?.throwIfAborted();
    maker.update(bytes);
    whole.update(bytes);
    length += bytes.length;
  }
  const sha256 = whole.digest("hex");
  const bytes = maker.finish(sha256);
  return bytes && parseChunkIndex(bytes, { length, sha256 });
}
