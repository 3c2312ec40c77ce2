/** Finds where a content has a chunk, by its index: in at most 16 bytes for each chunk beside the index. */
import type { Chunk, ChunkIndex } from "@dtuf/delta";

/** So many chunks whose hashes begin alike are told apart. Further ones are not found, and fetched. */
const probesMax = 64;

/** Returns undefined for a chunk that the content does not have. Of equal chunks the first is found. */
export function createChunkFinder(index: ChunkIndex): (chunk: Chunk) => Chunk | undefined {
  const table = new Int32Array(2 ** (33 - Math.clz32(index.count))).fill(-1);
  const slotOf = ({ sha256 }: Chunk, probe: number): number =>
    (new DataView(sha256.buffer, sha256.byteOffset).getUint32(0) + probe) & (table.length - 1);
  const find = (wanted: Chunk): { readonly chunk?: Chunk; readonly free?: number } => {
    for (let probe = 0; probe < probesMax; probe += 1) {
      const slot = slotOf(wanted, probe);
      const number = table[slot] ?? -1;
      if (number < 0) return { free: slot };
      const chunk = index.chunk(number);
      if (chunk.length === wanted.length && Buffer.compare(chunk.sha256, wanted.sha256) === 0) return { chunk };
    }
    return {};
  };
  for (let number = 0; number < index.count; number += 1) {
    const { free } = find(index.chunk(number));
    if (free !== undefined) table[free] = number;
  }
  return (chunk) => find(chunk).chunk;
}
