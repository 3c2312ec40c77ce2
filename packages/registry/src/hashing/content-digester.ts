/**
 * Hashes content on another thread if that is faster: if the machine has another core, if this processor hashes slowly, which is
 * measured, and if the content is large enough for the start of a thread. What is hashed there is a copy of the bytes, so
 * that nothing that happens to a chunk later changes the result.
 */
import { availableParallelism } from "node:os";
import { createDigester, type Digest, type DigestAlgorithm, type Digester } from "../oci/digest.ts";
import {
  fastBytesPerMs,
  rateSampleBytes,
  rateSamples,
  threadContentMinBytes,
  threadIdleMs,
  threadsMax,
  threadWorthMs,
} from "./limits.ts";
import { startThreadDigester, type ThreadDigester } from "./thread-digester.ts";

export interface ContentDigester {
  /** To be awaited before the next call. @throws OciError OCI_HASHING_FAILED */
  update(chunk: Uint8Array): Promise<void> | void;
  /** May be called once. @throws OciError OCI_HASHING_FAILED */
  digest(): Promise<Digest> | Digest;
  /** To be called at the end, also after a failure. */
  release(): void;
}

/** @param bytes size of the content that is to come */
export type CreateContentDigester = (algorithm: DigestAlgorithm, bytes: number) => Promise<ContentDigester>;

export function withoutThread(digester: Digester): ContentDigester {
  return { ...digester, release: () => undefined };
}

/** @param measure bytes that this processor hashes in a millisecond; called at most once */
export function createHashing(measure: () => number): CreateContentDigester {
  const threads = createThreads(measure);
  return async (algorithm, bytes) => {
    const thread = bytes < threadContentMinBytes ? undefined : await threads.take(bytes);
    if (thread === undefined) return withoutThread(createDigester(algorithm));
    thread.begin(algorithm);
    let lent: ThreadDigester | undefined = thread;
    const held = (): ThreadDigester => {
      if (lent === undefined) throw new TypeError("the digester was released");
      return lent;
    };
    return {
      update: (chunk) => held().update(chunk),
      digest: () => held().digest(),
      release() {
        if (lent !== undefined) threads.giveBack(lent);
        lent = undefined;
      },
    };
  };
}

interface Threads {
  /** Undefined if a thread is no gain, or there is none. */
  take(bytes: number): Promise<ThreadDigester | undefined>;
  giveBack(thread: ThreadDigester): void;
}

function createThreads(measure: () => number): Threads {
  const idle = new Map<ThreadDigester, NodeJS.Timeout>();
  let bytesPerMs: number | undefined;
  let count = 0; // in use, idle or starting
  let support: "untried" | "none" = "untried";

  function takeIdle(): ThreadDigester | undefined {
    for (const [thread, timer] of idle) {
      idle.delete(thread);
      clearTimeout(timer);
      if (!thread.hasEnded()) return thread;
      count -= 1;
    }
    return undefined;
  }

  const isGain = (bytes: number): boolean => {
    if (support === "none" || count >= Math.min(threadsMax, availableParallelism() - 1)) return false;
    bytesPerMs ??= measure();
    return bytesPerMs < fastBytesPerMs && bytes > bytesPerMs * threadWorthMs;
  };

  return {
    async take(bytes) {
      const known = takeIdle();
      if (known !== undefined || !isGain(bytes)) return known;
      count += 1;
      const started = await startThreadDigester();
      if (started !== undefined) return started;
      count -= 1;
      support = "none";
      return undefined;
    },
    giveBack(thread) {
      const end = (): void => {
        idle.delete(thread);
        count -= 1;
        void thread.end();
      };
      idle.set(thread, setTimeout(end, threadIdleMs).unref());
    },
  };
}

/** The best of some samples, because other programs can only slow one down. */
function measureRate(): number {
  const bytes = new Uint8Array(rateSampleBytes);
  let best = 0;
  for (let sample = 0; sample < rateSamples; sample += 1) {
    const digester = createDigester();
    const begun = performance.now();
    digester.update(bytes);
    digester.digest();
    best = Math.max(best, rateSampleBytes / (performance.now() - begun));
  }
  return best;
}

/** The threads of this process. */
export const createContentDigester: CreateContentDigester = createHashing(measureRate);
