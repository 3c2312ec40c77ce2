import { createHash, type Hash } from "node:crypto";
import { chunksMax, encodeChunkIndex, entryBytes } from "./chunk-index.ts";
import { createCutter } from "./cutter.ts";

/** Cuts and hashes a content while it passes by. */
export interface IndexMaker {
  /** The next bytes of the content. They are not kept. */
  update(bytes: Uint8Array): void;
  /**
   * Ends the content. `sha256` is that of the whole, 64 hex digits: it is computed here if it is not given. Undefined
   * if the content has more chunks than an index may have, or none.
   */
  finish(sha256?: string): Uint8Array | undefined;
}

export interface IndexMakerOptions {
  /** See `chooseAverage`. */
  readonly average: number;
  /** "caller": the hash of the whole content is given to `finish`. Default: "maker". */
  readonly hashedBy?: "caller" | "maker" | undefined;
}

/** Makes the chunk index of one content. Give it every byte in order, then call `finish`. */
export function createIndexMaker({ average, hashedBy = "maker" }: IndexMakerOptions): IndexMaker {
  const cutter = createCutter(average);
  const whole = hashedBy === "maker" ? createHash("sha256") : undefined;
  let entries = Buffer.alloc(64 * entryBytes);
  let [count, length, chunkLength] = [0, 0, 0];
  let hash: Hash = createHash("sha256");

  function closeChunk(): void {
    if (count < chunksMax) {
      const at = count * entryBytes;
      if (at === entries.length) entries = Buffer.concat([entries], entries.length * 2);
      entries.writeUInt32BE(chunkLength, at);
      hash.digest().copy(entries, at + 4);
    }
    count += 1;
    chunkLength = 0;
    hash = createHash("sha256");
  }

  return {
    update(bytes) {
      whole?.update(bytes);
      length += bytes.length;
      for (let from = 0; from < bytes.length;) {
        const end = cutter.findEnd(bytes, from);
        const to = end ?? bytes.length;
        hash.update(bytes.subarray(from, to));
        chunkLength += to - from;
        if (end !== undefined) closeChunk();
        from = to;
      }
    },
    finish(given) {
      if (chunkLength > 0) closeChunk();
      const sha256 = given ?? whole?.digest("hex");
      if (sha256 === undefined) throw new TypeError("the hash of the whole content was not given");
      return count === 0 || count > chunksMax
        ? undefined
        : encodeChunkIndex({ average, length, sha256, count, entries });
    },
  };
}
