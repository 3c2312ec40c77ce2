/** A prompt, which shows nothing of a secret that is typed. */
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
 * readline reads single keys, so the terminal echoes none, and writes the echo of a secret nowhere. The terminal is as before
 * when the promise settles.
 * @throws UsageError at the end of the input; the signal's reason
 */
export async function ask(
  { input, output, signal, interrupt }: Keyboard,
  prompt: string,
  typed: "shown" | "hidden",
): Promise<string> {
  signal.throwIfAborted();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const echo = typed === "shown" ? output : nowhere;
  const lines = createInterface({ input, output: echo, prompt, terminal: true, historySize: 0 });
  let stop: (() => void) | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true });
      lines.once("line", resolve);
      lines.once("SIGINT", interrupt);
      lines.once("close", () => reject(new UsageError("the input ended at the prompt")));
      // Only now: who waits for the prompt finds an echo that is off.
      if (typed === "hidden") output.write(prompt);
      else lines.prompt();
    });
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
    lines.close();
    // What is shown ends with its own line end.
    if (typed === "hidden") output.write("\n");
  }
}
