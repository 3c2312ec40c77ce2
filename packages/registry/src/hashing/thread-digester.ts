/** Copies content into a ring of shared memory, which a thread hashes. */
import type { Worker } from "node:worker_threads";
import { digestFrom, type Digest, type DigestAlgorithm } from "../oci/digest.ts";
import { startHashThread, type HashThread, type Order } from "./hash-thread.ts";
import { alignedMinBytes, copyUnit, ringSlotBytes, ringSlots } from "./limits.ts";

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
  const thread = await startHashThread(createWorker);
  return thread && createThreadDigester(thread);
}

function createThreadDigester(thread: HashThread): ThreadDigester {
  const ring = createRing(thread);
  let algorithm: DigestAlgorithm = "sha256";

  async function takeAll(chunk: Uint8Array): Promise<void> {
    // To be woken for each slot would cost more than to wait for some.
    for (let rest = chunk; rest.length > 0; rest = rest.subarray(ring.take(rest))) await thread.settle(ringSlots / 2);
  }

  return {
    begin(wanted) {
      algorithm = wanted;
      ring.begin(wanted);
    },
    update(chunk) {
      const rest = chunk.subarray(ring.take(chunk));
      return rest.length === 0 ? undefined : takeAll(rest);
    },
    async digest() {
      await thread.settle(ringSlots - 2);
      ring.flush();
      const result = thread.slot();
      thread.give("digest", 0);
      await thread.settle(0);
      return digestFrom(algorithm, result);
    },
    hasEnded: () => thread.hasEnded(),
    end: () => thread.end(),
  };
}

interface Ring {
  /** Drops what was taken and has not filled a slot. */
  begin(algorithm: DigestAlgorithm): void;
  /** Copies the beginning of the chunk. Returns how many bytes there was room for. */
  take(chunk: Uint8Array): number;
  /** Gives what was taken and has not filled a slot to the thread. */
  flush(): void;
}

function createRing(thread: HashThread): Ring {
  let order: Order = "more"; // of the slot that is given next
  let filled = 0; // bytes of it
  function flush(): void {
    thread.give(order, filled);
    order = "more";
    filled = 0;
  }
  return {
    begin(algorithm) {
      order = algorithm;
      filled = 0;
    },
    take(chunk) {
      let taken = 0;
      if (filled % copyUnit !== 0 && chunk.length >= alignedMinBytes) flush();
      while (taken < chunk.length && thread.busy() < ringSlots) {
        const piece = chunk.subarray(taken, taken + ringSlotBytes - filled);
        thread.slot().set(piece, filled);
        filled += piece.length;
        taken += piece.length;
        if (filled === ringSlotBytes) flush();
      }
      return taken;
    },
    flush,
  };
}
