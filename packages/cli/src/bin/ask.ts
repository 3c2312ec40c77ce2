/** A prompt, which shows nothing of a secret that is typed. */
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { Writable } from "node:stream";
import { UsageError } from "../context/usage.ts";

export interface Keyboard {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** Of the program. */
  readonly signal: AbortSignal;
  /** What Ctrl-C means: no signal is sent while single keys are read. Aborts the signal. */
  readonly interrupt: () => void;
  /** What Ctrl-Z means: stops the program; `resumed` is called when it continues. */
  readonly suspend: (resumed: () => void) => void;
  /**
   * Signals from elsewhere would end or stop the program and leave the terminal without echo: SIGHUP interrupts it from now
   * on, SIGTSTP calls `suspended`. Until the result is called.
   */
  readonly watchSignals: (suspended: () => void) => () => void;
}

/** Long enough for the terminal to hand over what it holds, too short to be noticed. */
const typedAheadMs = 20;
const ctrlC = 0x03;

/**
 * readline reads single keys, so the terminal echoes none, and writes the echo of a secret nowhere. What was typed before the
 * prompt was there is no answer to it and is dropped; the terminal has echoed it, because it was typed to nobody. The
 * terminal is as before when the promise settles.
 * @throws UsageError at the end of the input; the signal's reason
 */
export async function ask(keyboard: Keyboard, prompt: string, typed: "shown" | "hidden"): Promise<string> {
  const { input, output, signal, interrupt } = keyboard;
  signal.throwIfAborted();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const echo = typed === "shown" ? output : nowhere;
  input.setRawMode(true);
  await dropTypedAhead(keyboard);
  const lines = createInterface({ input, output: echo, prompt, terminal: true, historySize: 0 });
  // What is typed stays when the prompt is shown again.
  const show = (): void => void (typed === "hidden" ? output.write(prompt) : lines.prompt(true));
  const suspend = (): void => {
    input.setRawMode(false);
    keyboard.suspend(() => {
      input.setRawMode(true);
      lines.resume();
      show();
    });
  };
  const done = [keyboard.watchSignals(suspend)];
  try {
    return await new Promise<string>((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true });
      done.push(() => signal.removeEventListener("abort", stop));
      lines.once("line", resolve);
      lines.once("SIGINT", interrupt);
      lines.on("SIGTSTP", suspend);
      lines.once("close", () => reject(new UsageError("the input ended at the prompt")));
      lines.once("error", () => reject(new UsageError("the terminal went away at the prompt")));
      if (signal.aborted) stop();
      // Only now: who waits for the prompt finds an echo that is off.
      else show();
    });
  } finally {
    for (const undo of done) undo();
    lines.close();
    // What is shown ends with its own line end.
    if (typed === "hidden") output.write("\n");
  }
}

async function dropTypedAhead({ input, interrupt }: Keyboard): Promise<void> {
  const drop = (keys: Uint8Array): void => {
    if (keys.includes(ctrlC)) interrupt();
  };
  input.on("data", drop).resume();
  await wait(typedAheadMs);
  input.off("data", drop).pause();
}
