/** Copies content into a ring of shared memory, which a thread hashes. */
import type { Worker } from "node:worker_threads";
import { parseDigest, type Digest, type DigestAlgorithm } from "../digest.ts";
import { startHashThread, type HashThread } from "./hash-thread.ts";
import { ringSlotBytes, ringSlots } from "./limits.ts";

export interface ThreadDigester {
  /** Begins a new content; what the last one left is forgotten. */
  begin(algorithm: DigestAlgorithm): void;
  /** Takes a copy of the chunk. To be awaited if there is no room for all of it yet. @throws OciError OCI_HASHING_FAILED */
  update(chunk: Uint8Array): Promise<void> | void;
  /** @throws OciError OCI_HASHING_FAILED */
  digest(): Promise<Digest>;
  hasEnded(): boolean;
  /** Ends the thread. */
  end(): Promise<void>;
}

/** Returns undefined if this runtime has no threads, or does not allow one. */
export async function startThreadDigester(createWorker?: typeof Worker): Promise<ThreadDigester | undefined> {
  const memory = new SharedArrayBuffer(ringSlots * ringSlotBytes);
  const thread = await startHashThread(memory, createWorker);
  return thread && createThreadDigester(thread, new Uint8Array(memory));
}

function createThreadDigester(thread: HashThread, memory: Uint8Array): ThreadDigester {
  const ring = createRing(thread, memory);
  let algorithm: DigestAlgorithm = "sha256";

  async function takeAll(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0; rest = rest.subarray(ring.take(rest))) await thread.settle(ringSlots - 1);
  }

  return {
    begin(wanted) {
      algorithm = wanted;
      ring.clear();
      thread.begin(algorithm);
    },
    update(chunk) {
      const rest = chunk.subarray(ring.take(chunk));
      return rest.length === 0 ? undefined : takeAll(rest);
    },
    async digest() {
      ring.flush();
      await thread.settle(0);
      return parseDigest(`${algorithm}:${await thread.digest()}`);
    },
    hasEnded: () => thread.hasEnded(),
    end: () => thread.end(),
  };
}

interface Ring {
  /** Copies the beginning of the chunk; returns how many bytes there was room for. */
  take(chunk: Uint8Array): number;
  /** Passes on what was taken and has not filled a slot. */
  flush(): void;
  /** Drops it. */
  clear(): void;
}

function createRing(thread: HashThread, memory: Uint8Array): Ring {
  let slot = 0;
  let filled = 0;
  function flush(): void {
    if (filled === 0) return;
    thread.hash(slot * ringSlotBytes, slot * ringSlotBytes + filled);
    slot = (slot + 1) % ringSlots;
    filled = 0;
  }
  return {
    take(chunk) {
      let taken = 0;
      while (taken < chunk.length && (filled > 0 || thread.busy() < ringSlots)) {
        const piece = chunk.subarray(taken, taken + ringSlotBytes - filled);
        memory.set(piece, slot * ringSlotBytes + filled);
        filled += piece.length;
        taken += piece.length;
        if (filled === ringSlotBytes) flush();
      }
      return taken;
    },
    flush,
    clear: () => void (filled = 0),
  };
}
