/** The only place that touches `process`. */
import { homedir } from "node:os";
import { setFlagsFromString } from "node:v8";
import type { Program } from "../context/command.ts";
import type { Io, Output } from "../context/io.ts";
import { main } from "../main.ts";

/**
 * What streams through is buffers of 64 KiB, garbage as soon as they are hashed and written. V8 would let its young
 * generation grow and collect them late; collected early they cost a third less memory and CPU.
 */
const collectEarly = "--semi-space-growth-factor=1";

export async function run(program: Program): Promise<void> {
  setFlagsFromString(collectEarly);
  // A promise that never settles ends the program early, with Node's 13 if nothing is set: that is another status here.
  process.exitCode = 1;
  const interrupted = new AbortController();
  const interrupt = (): void => {
    // A second interrupt ends the process at once, as without a handler.
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    interrupted.abort(new DOMException("interrupted", "AbortError"));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  const status = await main(program, createIo(interrupted.signal, interrupt));
  process.off("SIGINT", interrupt);
  process.off("SIGTERM", interrupt);
  process.exitCode = status;
}

function createIo(signal: AbortSignal, interrupt: () => void): Io {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdin: { stream: process.stdin, terminal: process.stdin.isTTY ? "terminal" : "pipe" },
    stdout: createOutput(process.stdout),
    stderr: createOutput(process.stderr),
    home: homedir(),
    platform: process.platform,
    userId: process.getuid?.(),
    now: () => new Date(),
    random: Math.random,
    signal,
    ...createPrompts(signal, interrupt),
    onSuspend: process.platform === "win32" ? undefined : onSuspend,
  };
}

/** SIGSTOP instead of the SIGTSTP that is answered here: its own default cannot be had any more. */
function onSuspend(before: () => void): void {
  process.on("SIGTSTP", () => {
    before();
    process.kill(process.pid, "SIGSTOP");
  });
}

function createOutput(stream: NodeJS.WriteStream): Output {
  // A reader that went away (`| head`) is its own affair: what is left of the output goes nowhere.
  let gone = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    gone ||= error.code === "EPIPE";
  });
  const terminal = "isTTY" in stream && stream.isTTY;
  return {
    terminal: terminal ? "terminal" : "pipe",
    get columns() {
      return terminal ? (stream.columns ?? 0) : 80;
    },
    get rows() {
      return terminal ? (stream.rows ?? 0) : 24;
    },
    write: (chunk) =>
      new Promise((resolve, reject) => {
        if (gone) return resolve();
        stream.write(chunk, (error) => {
          if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") reject(error);
          else resolve();
        });
      }),
  };
}

/** Loaded when somebody is asked: most runs ask nobody. */
function createPrompts(signal: AbortSignal, interrupt: () => void): Pick<Io, "ask" | "askSecret"> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return { ask: undefined, askSecret: undefined };
  const keyboard = { input: process.stdin, output: process.stderr, signal, interrupt };
  return {
    ask: async (prompt) => (await import("./ask.ts")).ask(keyboard, prompt, "shown"),
    askSecret: async (prompt) => (await import("./ask.ts")).ask(keyboard, prompt, "hidden"),
  };
}
