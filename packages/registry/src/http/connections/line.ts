/** One exchange's clock and its ends: whatever ends it first (the peer, the reader, the signal, silence) ends it once. */
import type { Dispatcher } from "undici";
import { createBodyQueue, type BodyQueue } from "./body.ts";
import { timedOut } from "../failure.ts";
import { answerTimeoutMs, dripBytes } from "../limits.ts";

export interface Line {
  /** The response's body. */
  readonly queue: BodyQueue;
  /** The request is on a connection. */
  started(controller: Dispatcher.DispatchController): void;
  /** Something came or went, and more is waited for: the stall time begins anew. */
  waiting(): void;
  /** Bytes of the body came. The stall time begins anew for every `dripBytes` of them: one byte now and then is silence. */
  received(bytes: number): void;
  /** A large body is with the server, which now has to put it together: that may take longer. */
  waitingForAnswer(): void;
  /** Nothing is waited for from the other side: the stall time stands still. */
  idle(): void;
  /** All is well: the body is complete. */
  end(): void;
  /** Ends connection, response and body with this reason. */
  fail(reason: unknown): void;
}

interface LineOptions {
  readonly method: string;
  readonly url: URL;
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onFailure: (reason: unknown) => void;
}

export function createLine(options: LineOptions): Line {
  const { signal } = options;
  let controller: Dispatcher.DispatchController | undefined;
  let over = false;
  const clock = createStallClock((ms) => fail(timedOut("STALLED", ms, options)));
  const close = (): void => {
    over = true;
    clock.stop();
    signal?.removeEventListener("abort", aborted);
  };
  const hangUp = (): void => {
    close();
    controller?.abort(new DOMException("the exchange was ended on this side", "AbortError"));
  };
  const fail = (reason: unknown): void => {
    if (over) return;
    queue.fail(reason);
    options.onFailure(reason);
    hangUp();
  };
  const aborted = (): void => fail(signal?.reason);
  const wait = (ms: number): void => (over ? undefined : clock.restart(ms));
  const waiting = (): void => wait(options.stallTimeoutMs);
  const received = countDrips(waiting);
  const waitingForAnswer = (): void => wait(Math.max(options.stallTimeoutMs, answerTimeoutMs));
  const started = (it: Dispatcher.DispatchController): void => {
    controller = it;
    if (over) hangUp();
    else waiting();
  };
  const end = (): void => {
    close();
    queue.end();
  };
  const pause = (): void => (clock.stop(), controller?.pause());
  const resume = (): void => (waiting(), controller?.resume());
  const queue = createBodyQueue({ pause, resume, cancel: hangUp });
  signal?.addEventListener("abort", aborted, { once: true });
  return { queue, started, waiting, received, waitingForAnswer, idle: () => clock.stop(), end, fail };
}

/** Calls `enough` for every `dripBytes` that came. */
function countDrips(enough: () => void): (bytes: number) => void {
  let count = 0;
  return (bytes) => {
    count += bytes;
    if (count < dripBytes) return;
    count = 0;
    enough();
  };
}

/** Exact, unlike undici's own, and cheap enough to be wound at every chunk. */
function createStallClock(onStall: (ms: number) => void): { restart(ms: number): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let wound = 0;
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const restart = (ms: number): void => {
    if (ms !== wound) stop();
    wound = ms;
    timer = timer?.refresh() ?? setTimeout(onStall, ms, ms);
  };
  return { restart, stop };
}
