/**
 * The stall timer and the end of one exchange. Peer, reader, abort signal and stall all end it through `end`, `fail` or
 * the queue's `cancel`; only the first of them counts.
 */
import type { Dispatcher } from "undici";
import { createBodyQueue, type BodyQueue } from "./body.ts";
import { timedOut } from "../failure.ts";
import { answerTimeoutMs, minimumRateBytes } from "../limits.ts";

export interface Watchdog {
  /** The response's body. */
  readonly queue: BodyQueue;
  /** The request has a connection. */
  started(controller: Dispatcher.DispatchController): void;
  /** Something came or went, and more is expected: restarts the stall timer. */
  waiting(): void;
  /** Bytes of the body came. Only every `minimumRateBytes` of them restart the stall timer: a byte now and then is a stall. */
  received(bytes: number): void;
  /** The server has the whole request body and may need longer to process it. */
  waitingForAnswer(): void;
  /** Nothing is expected from the other side: stops the stall timer. */
  idle(): void;
  /** The body is complete. */
  end(): void;
  /** Ends connection, response and body with this reason. */
  fail(reason: unknown): void;
}

/** "open": the stall timer runs. "idle": it does not. "over": the exchange has ended; no other state follows. */
type State = "open" | "idle" | "over";

interface WatchdogOptions {
  readonly method: string;
  readonly url: URL;
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onFailure: (reason: unknown) => void;
}

export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { signal, stallTimeoutMs } = options;
  let state: State = "idle";
  let controller: Dispatcher.DispatchController | undefined;
  const timer = createStallTimer((ms) => fail(timedOut("STALLED", ms, options)));
  const onAbort = (): void => fail(signal?.reason);
  const enter = (next: State, stallMs = stallTimeoutMs): void => {
    if (state === "over") return;
    state = next;
    if (next === "open") timer.restart(stallMs);
    else timer.stop();
    if (next === "over") signal?.removeEventListener("abort", onAbort);
  };
  const abort = (): void => {
    enter("over");
    controller?.abort(new DOMException("the exchange was ended on this side", "AbortError"));
  };
  const fail = (reason: unknown): void => {
    if (state === "over") return;
    queue.fail(reason);
    options.onFailure(reason);
    abort();
  };
  const pause = (): void => (enter("idle"), controller?.pause());
  const resume = (): void => (enter("open"), controller?.resume());
  const queue = createBodyQueue({ pause, resume, cancel: abort });
  signal?.addEventListener("abort", onAbort, { once: true });
  const started = (it: Dispatcher.DispatchController): void => {
    controller = it;
    if (state === "over") abort();
    else enter("open");
  };
  const waiting = (): void => enter("open");
  const waitingForAnswer = (): void => enter("open", Math.max(stallTimeoutMs, answerTimeoutMs));
  const end = (): void => (enter("over"), queue.end());
  const received = everyMinimumRate(waiting);
  return { queue, started, waiting, received, waitingForAnswer, idle: () => enter("idle"), end, fail };
}

/** Calls `onProgress` for every `minimumRateBytes` that came. */
function everyMinimumRate(onProgress: () => void): (bytes: number) => void {
  let count = 0;
  return (bytes) => {
    count += bytes;
    if (count < minimumRateBytes) return;
    count = 0;
    onProgress();
  };
}

/** More exact than undici's own timer, and cheap enough to be restarted at every chunk. */
function createStallTimer(onStall: (ms: number) => void): { restart(ms: number): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let startedMs = 0;
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const restart = (ms: number): void => {
    if (ms !== startedMs) stop();
    startedMs = ms;
    timer = timer?.refresh() ?? setTimeout(onStall, ms, ms);
  };
  return { restart, stop };
}
