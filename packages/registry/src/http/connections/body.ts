/** The queue for a response's body between the connection, which pushes, and its one reader, which pulls. */
import { createChunkQueue } from "../../chunk-queue.ts";
import { withOwnMemory, type ByteStream } from "../../content.ts";
import { bodyBufferMaxBytes } from "../limits.ts";

/** How the reader controls the connection. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** The reader stopped before the end. */
  cancel(): void;
}

export interface BodyQueue {
  readonly stream: ByteStream;
  push(chunk: Uint8Array): void;
  end(): void;
  /** Does nothing after `end` or an earlier `fail`. The reader gets the bytes received so far before the error. */
  fail(error: unknown): void;
}

type Ending = { readonly kind: "end" } | { readonly kind: "failure"; readonly error: unknown };

export function createBodyQueue(flow: Flow): BodyQueue {
  const chunks = createChunkQueue();
  const gauge = createGauge(flow);
  let ending: Ending | undefined;
  let wake = (): void => undefined;
  const finish = (how: Ending): void => {
    ending ??= how;
    wake();
  };
  async function* read(): ByteStream {
    try {
      for (;;) {
        const chunk = chunks.shift();
        if (chunk !== undefined) {
          gauge.remove(chunk.length);
          yield chunk;
        } else if (ending === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else if (ending.kind === "failure") throw ending.error;
        else return;
      }
    } finally {
      if (ending === undefined) flow.cancel();
      finish({ kind: "end" });
    }
  }
  return {
    stream: readOnce(read()),
    push(chunk) {
      if (ending !== undefined) return;
      chunks.push(withOwnMemory(chunk));
      gauge.add(chunk.length);
      wake();
    },
    end: () => finish({ kind: "end" }),
    fail: (error) => finish({ kind: "failure", error }),
  };
}

/** Pauses the connection while too many bytes are waiting to be read. */
function createGauge(flow: Flow): { add(bytes: number): void; remove(bytes: number): void } {
  let level = 0;
  let paused = false;
  return {
    add(bytes) {
      level += bytes;
      if (paused || level < bodyBufferMaxBytes) return;
      paused = true;
      flow.pause();
    },
    remove(bytes) {
      level -= bytes;
      if (!paused || level > bodyBufferMaxBytes / 2) return;
      paused = false;
      flow.resume();
    },
  };
}

function readOnce(stream: ByteStream): ByteStream {
  let taken = false;
  return {
    [Symbol.asyncIterator]() {
      if (taken) throw new TypeError("a response's body can be read once only");
      taken = true;
      return stream[Symbol.asyncIterator]();
    },
  };
}
