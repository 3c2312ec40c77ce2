/** A prompt that shows nothing of what is typed. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "../context/usage.ts";

export interface Keyboard {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** Of the program. */
  readonly signal: AbortSignal;
  /** What Ctrl-C means: no signal is sent while single keys are read. Aborts the signal. */
  readonly interrupt: () => void;
}

/**
 * readline reads single keys, so the terminal echoes none, and writes its own echo nowhere. The terminal is as before
 * when the promise settles.
 * @throws UsageError at the end of the input; the signal's reason
 */
export async function askSecret({ input, output, signal, interrupt }: Keyboard, prompt: string): Promise<string> {
  signal.throwIfAborted();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  let stop: (() => void) | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true });
      lines.once("line", resolve);
      lines.once("SIGINT", interrupt);
      lines.once("close", () => reject(new UsageError("the input ended at the prompt")));
      // Only now: who waits for the prompt finds an echo that is off.
      output.write(prompt);
    });
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
    lines.close();
    output.write("\n");
  }
}
