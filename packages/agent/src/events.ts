import type { HeldStep, HoldReason } from "./when/hold.ts";

/** What the agent reports: codes with parameters, so that a program can speak its user's language. */
export type AgentEvent =
  /** A check ended. `version` is undefined if there is nothing to install now. */
  | { readonly kind: "checked"; readonly version: string | undefined }
  /** Of a check: the installed version is not at its place any more, or other content is there. What is missing is offered again. */
  | {
      readonly kind: "differs";
      readonly condition: "missing" | "changed";
      readonly version: string;
      readonly path: string;
    }
  /** A target claims to be a release and is malformed. It is passed over. */
  | { readonly kind: "release-skipped"; readonly path: string; readonly error: unknown }
  /** `totalBytes` is the signed length. "install": the staged bytes are verified again and written. */
  | {
      readonly kind: "progress";
      readonly step: "download" | "install";
      readonly version: string;
      readonly bytes: number;
      readonly totalBytes: number;
    }
  /** Another process works on the same installation. `pid` is undefined if the system does not say. */
  | { readonly kind: "lock-awaited"; readonly pid: number | undefined }
  | { readonly kind: "staged" | "applied" | "confirmed"; readonly version: string }
  /** `to` is `unknown` if it is not known which version was there before the first installation. */
  | { readonly kind: "reverted"; readonly version: string; readonly to: string; readonly reason: RevertReason }
  /** It does not work, and there was nothing at the place before it. It stays until a newer one comes, and is not installed again. */
  | { readonly kind: "abandoned"; readonly version: string }
  /** The user or the machine does not allow this step now; `until` is undefined if it is not known when. */
  | {
      readonly kind: "held";
      readonly step: HeldStep;
      readonly version: string | undefined;
      readonly reason: HoldReason;
      readonly until: Date | undefined;
    }
  /** Of `run`: a round failed, and the next one tries again. `describeProblem` says what kind of error it is. */
  | { readonly kind: "failed"; readonly error: unknown }
  /** Of `run`: nothing is done until then. No socket is open. */
  | { readonly kind: "waiting"; readonly until: Date }
  /** A switch that was cut off was finished or undone. */
  | { readonly kind: "healed"; readonly version: string; readonly outcome: "finished" | "undone" };

/** "asked": `revert` was called. "health": the health check failed or took too long. "starts": it was never confirmed. */
export type RevertReason = "asked" | "health" | "starts";

/** A queue for each watcher. A watcher that is slow gets the latest progress alone. */
export interface EventStream {
  emit(event: AgentEvent): void;
  watch(signal?: AbortSignal): AsyncIterable<AgentEvent>;
}

interface Watcher {
  readonly queue: AgentEvent[];
  wake: () => void;
}

/** @param onEvent an error that it throws ends the call that reports */
export function createEventStream(onEvent: (event: AgentEvent) => void): EventStream {
  const watchers = new Set<Watcher>();
  return {
    emit(event) {
      onEvent(event);
      for (const { queue, wake } of watchers) {
        if (event.kind === "progress" && queue.at(-1)?.kind === "progress") queue.pop();
        queue.push(event);
        wake();
      }
    },
    watch: (signal) => watch(watchers, signal),
  };
}

async function* watch(watchers: Set<Watcher>, signal: AbortSignal | undefined): AsyncGenerator<AgentEvent> {
  const watcher: Watcher = { queue: [], wake: () => undefined };
  const wake = (): void => watcher.wake();
  watchers.add(watcher);
  signal?.addEventListener("abort", wake);
  try {
    for (;;) {
      if (signal?.aborted === true) return;
      const event = watcher.queue.shift();
      if (event !== undefined) yield event;
      else
        await new Promise<void>((resolve) => {
          watcher.wake = resolve;
        });
    }
  } finally {
    watchers.delete(watcher);
    signal?.removeEventListener("abort", wake);
  }
}
