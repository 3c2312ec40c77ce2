/**
 * A thread that hashes bytes in a ring of shared memory. Its program is text, so that it needs no file of its own: it works in a
 * bundle and in a single executable. Orders and results go through the memory as well, because a message would cost both threads as much
 * as hashing 100 KiB. It keeps the process alive only while somebody waits for it.
 */
// Node compiles this module when it is first imported: only if a thread is wanted.
import type { Worker } from "node:worker_threads";
import type { DigestAlgorithm } from "../oci/digest.ts";
import { OciError } from "../errors.ts";
import { ringSlotBytes, ringSlots, threadStartMs } from "./limits.ts";

/** An algorithm begins a content with the bytes of the slot; "more" goes on with it; "digest" puts its digest into the slot. */
export type Order = DigestAlgorithm | "more" | "digest";

export interface HashThread {
  /** The slot that is given next. It may be written to if fewer than `ringSlots` are busy. */
  slot(): Uint8Array;
  /** Gives it to the thread with an order about its first `length` bytes. They must not change until it is settled. */
  give(order: Order, length: number): void;
  /** Number of slots that were given and are not done. */
  busy(): number;
  /** Waits until at most so many slots are busy. @throws OciError OCI_HASHING_FAILED if the thread has ended */
  settle(most: number): Promise<void>;
  hasEnded(): boolean;
  end(): Promise<void>;
}

const orders: readonly Order[] = ["sha256", "sha512", "more", "digest"];
/** Places in the control words: two counters of slots, then an order and a length for each slot. */
const [given, done, firstOrder] = [0, 1, 2];

const program = `
const { parentPort, workerData } = require("node:worker_threads");
const { createHash } = require("node:crypto");
const control = new Int32Array(workerData[0]);
const memory = new Uint8Array(workerData[1]);
const orders = ${JSON.stringify(orders)};
let hash;
parentPort.postMessage("started");
for (let count = 0; ; count = (count + 1) | 0) {
  while (Atomics.load(control, ${given}) === count) Atomics.wait(control, ${given}, count);
  const number = (count >>> 0) % ${ringSlots};
  const start = ${ringSlotBytes} * number;
  const order = orders[control[${firstOrder} + 2 * number]];
  if (order === "digest") memory.set(hash.digest(), start);
  else {
    if (order !== "more") hash = createHash(order);
    hash.update(memory.subarray(start, start + control[${firstOrder + 1} + 2 * number]));
  }
  Atomics.add(control, ${done}, 1);
  Atomics.notify(control, ${done});
}
`;

/** Its heap holds no content. Node's default would let it grow like that of a program. */
const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

/** Returns undefined if this runtime has no such threads, or does not allow one. */
export async function startHashThread(createWorker?: typeof Worker): Promise<HashThread | undefined> {
  if (typeof Atomics.waitAsync !== "function") return undefined;
  const control = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (firstOrder + 2 * ringSlots)));
  const memory = new Uint8Array(new SharedArrayBuffer(ringSlots * ringSlotBytes));
  const workerData = [control.buffer, memory.buffer]; // Deno would not share an array over them
  let worker: Worker;
  try {
    const Thread = createWorker ?? (await import("node:worker_threads")).Worker;
    worker = new Thread(program, { eval: true, workerData, execArgv: [], env: {}, resourceLimits });
  } catch {
    return undefined;
  }
  const thread = connect(worker, { control, memory });
  return (await hasStarted(worker)) ? thread : undefined;
}

async function hasStarted(worker: Worker): Promise<boolean> {
  const timer = setTimeout(() => void worker.terminate(), threadStartMs);
  const started = await new Promise<boolean>((resolve) => {
    worker.once("message", () => resolve(true)).once("exit", () => resolve(false));
  });
  clearTimeout(timer);
  worker.unref();
  return started;
}

interface Shared {
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly memory: Uint8Array;
}

function connect(worker: Worker, { control, memory }: Shared): HashThread {
  let count = 0; // of the slots that were given
  let failure: OciError | undefined;
  const fail = (cause: unknown): void => {
    failure ??= new OciError("OCI_HASHING_FAILED", "the thread that hashes content has ended", { cause });
    Atomics.notify(control, done); // `settle` looks again
  };
  worker.on("error", fail).on("exit", fail);
  const slotNumber = (): number => (count >>> 0) % ringSlots;
  const busyIf = (finished: number): number => (count - finished) | 0;
  return {
    slot: () => memory.subarray(slotNumber() * ringSlotBytes, (slotNumber() + 1) * ringSlotBytes),
    give(order, length) {
      control.set([orders.indexOf(order), length], firstOrder + 2 * slotNumber());
      count = (count + 1) | 0;
      Atomics.store(control, given, count);
      Atomics.notify(control, given);
    },
    busy: () => busyIf(Atomics.load(control, done)),
    async settle(most) {
      for (;;) {
        if (failure !== undefined) throw failure;
        const finished = Atomics.load(control, done);
        if (busyIf(finished) <= most) return;
        worker.ref(); // nothing else keeps the process alive
        await Atomics.waitAsync(control, done, finished).value;
        worker.unref();
      }
    },
    hasEnded: () => failure !== undefined,
    end: async () => void (await worker.terminate()),
  };
}
