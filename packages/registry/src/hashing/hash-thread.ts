/**
 * A thread that hashes bytes of shared memory. Its program is text, so that it needs no file of its own: it works in a bundle
 * and in a single executable. It keeps the process alive only while somebody waits for it.
 */
// Node compiles this module when it is first imported: only if a thread is wanted.
import type { Worker } from "node:worker_threads";
import type { DigestAlgorithm } from "../digest.ts";
import { OciError } from "../errors.ts";
import { threadStartMs } from "./limits.ts";

export interface HashThread {
  /** Begins a new content; what the last one left is forgotten. */
  begin(algorithm: DigestAlgorithm): void;
  /** Hashes these bytes of the memory, which must not change until `settle` says so. */
  hash(start: number, end: number): void;
  /** Number of `hash` calls that are not done. */
  busy(): number;
  /** Waits until at most so many `hash` calls are not done. @throws OciError OCI_HASHING_FAILED if the thread has ended */
  settle(most: number): Promise<void>;
  /** The digest in hex. @throws OciError OCI_HASHING_FAILED if the thread has ended */
  digest(): Promise<string>;
  hasEnded(): boolean;
  end(): Promise<void>;
}

/** An algorithm begins a content, a pair of offsets is hashed and answered by 1, `null` asks for the digest. 0: it has started. */
const program = `
const { parentPort, workerData } = require("node:worker_threads");
const { createHash } = require("node:crypto");
const memory = new Uint8Array(workerData);
let hash;
parentPort.on("message", (message) => {
  if (typeof message === "string") hash = createHash(message);
  else if (message === null) parentPort.postMessage(hash.digest("hex"));
  else {
    hash.update(memory.subarray(message[0], message[1]));
    parentPort.postMessage(1);
  }
});
parentPort.postMessage(0);
`;

/** Its heap holds no content. Node's default would let it grow like that of a program. */
const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

/** Returns undefined if this runtime has no such threads, or does not allow one. */
export async function startHashThread(
  memory: SharedArrayBuffer,
  createWorker?: typeof Worker,
): Promise<HashThread | undefined> {
  let worker: Worker;
  try {
    const Thread = createWorker ?? (await import("node:worker_threads")).Worker;
    worker = new Thread(program, { eval: true, workerData: memory, execArgv: [], env: {}, resourceLimits });
  } catch {
    return undefined;
  }
  const inbox = createInbox(worker);
  const timer = setTimeout(() => void worker.terminate(), threadStartMs);
  try {
    await inbox.next((message) => message === 0);
    return connect(worker, inbox);
  } catch (error) {
    if (OciError.is(error)) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function connect(worker: Worker, inbox: Inbox): HashThread {
  let sent = 0;
  const busy = (): number => sent - inbox.hashed();
  return {
    busy,
    begin: (algorithm) => worker.postMessage(algorithm),
    hash(start, end) {
      sent += 1;
      worker.postMessage([start, end]);
    },
    async settle(most) {
      while (busy() > most) await inbox.next((message) => message === 1);
      inbox.throwIfEnded();
    },
    async digest() {
      worker.postMessage(null);
      return String(await inbox.next((message) => typeof message === "string"));
    },
    hasEnded: () => inbox.hasEnded(),
    end: async () => void (await worker.terminate()),
  };
}

interface Inbox {
  /** The next message of a kind. @throws OciError OCI_HASHING_FAILED */
  next(kind: (message: unknown) => boolean): Promise<unknown>;
  /** Number of messages that say that something was hashed. */
  hashed(): number;
  hasEnded(): boolean;
  throwIfEnded(): void;
}

function createInbox(worker: Worker): Inbox {
  let hashed = 0;
  let failure: OciError | undefined;
  let waiting: { readonly kind: (message: unknown) => boolean; settle(message?: unknown): void } | undefined;
  const throwIfEnded = (): void => {
    if (failure !== undefined) throw failure;
  };
  const fail = (cause: unknown): void => {
    failure ??= new OciError("OCI_HASHING_FAILED", "the thread that hashes content has ended", { cause });
    waiting?.settle();
  };
  worker.unref();
  worker.on("error", fail);
  worker.on("exit", fail);
  worker.on("message", (message: unknown) => {
    if (message === 1) hashed += 1;
    if (waiting?.kind(message) === true) waiting.settle(message);
  });
  return {
    hashed: () => hashed,
    hasEnded: () => failure !== undefined,
    throwIfEnded,
    async next(kind) {
      throwIfEnded();
      worker.ref();
      const message = await new Promise((settle) => (waiting = { kind, settle }));
      waiting = undefined;
      worker.unref();
      throwIfEnded();
      return message;
    },
  };
}
