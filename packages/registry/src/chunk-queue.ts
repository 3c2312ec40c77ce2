/**
 * Chunks that wait for their reader. A server chooses where each begins and ends: without care a chunk of one byte
 * would hold the 256 KiB in which it arrived, and a million of them a hundred times their bytes.
 */
import { withOwnMemory } from "./content.ts";

/** Chunks below this are copied, one after the other, into blocks of at most `blockBytes`. */
const smallBytes = 4096;
const blockBytes = 64 * 1024;

export interface ChunkQueue {
  /** Takes the chunk over, or copies it. */
  push(chunk: Uint8Array): void;
  /** The bytes that have waited longest, in no more chunks than were pushed. */
  shift(): Uint8Array | undefined;
}

interface Block {
  memory: Uint8Array;
  used: number;
}

export function createChunkQueue(): ChunkQueue {
  let blocks: (Block | undefined)[] = [];
  let first = 0;
  return {
    push(chunk) {
      const last = blocks.at(-1);
      if (fillsMost(chunk)) blocks.push({ memory: chunk, used: chunk.length });
      else if (last === undefined || !append(last, chunk)) blocks.push(copyOf(chunk));
    },
    shift() {
      const block = blocks[first];
      if (block === undefined) return undefined;
      blocks[first++] = undefined;
      if (first === blocks.length) [blocks, first] = [[], 0];
      return block.used === block.memory.length ? block.memory : block.memory.subarray(0, block.used);
    },
  };
}

/** Its memory is worth keeping for it. */
function fillsMost({ length, buffer }: Uint8Array): boolean {
  return length >= smallBytes && 2 * length >= buffer.byteLength;
}

function copyOf(chunk: Uint8Array): Block {
  return { memory: newMemory(chunk.length, chunk), used: chunk.length };
}

function newMemory(bytes: number, start: Uint8Array): Uint8Array {
  const memory = Buffer.allocUnsafeSlow(bytes);
  memory.set(start);
  return withOwnMemory(memory);
}

/** Returns false if there is no room. */
function append(block: Block, chunk: Uint8Array): boolean {
  const needed = block.used + chunk.length;
  if (needed > blockBytes) return false;
  if (needed > block.memory.length) {
    block.memory = newMemory(Math.min(blockBytes, 2 * needed), block.memory.subarray(0, block.used));
  }
  block.memory.set(chunk, block.used);
  block.used = needed;
  return true;
}
