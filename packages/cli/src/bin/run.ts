/** The only place that touches `process`. */
// First, because V8 refuses Node's compiled code of a built-in module that is loaded after its flags were changed.
import "node:crypto";
import "node:fs/promises";
import "node:stream/promises";
import "node:timers/promises";
import { constants, homedir } from "node:os";
import { isatty } from "node:tty";
import { setFlagsFromString } from "node:v8";
import type { Program } from "../context/command.ts";
import type { Io, Output } from "../context/io.ts";
import type { Keyboard } from "./ask.ts";
import { main } from "../main.ts";

/**
 * What streams through is buffers of 64 KiB, garbage as soon as they are hashed and written. V8 would let its young
 * generation grow and collect them late; collected early they cost a third less memory and CPU.
 */
const collectEarly = "--semi-space-growth-factor=1";

const unreadMs = 1000;

export async function run(program: Program): Promise<void> {
  setFlagsFromString(collectEarly);
  // A promise that never settles ends the program early, with Node's 13 if nothing is set: that is another status here.
  process.exitCode = 1;
  const interrupted = new AbortController();
  let received: NodeJS.Signals = "SIGINT";
  const interrupt = (signal: NodeJS.Signals): void => {
    // A second interrupt ends the process at once, as without a handler.
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    received = signal;
    interrupted.abort(new DOMException("interrupted", "AbortError"));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  const stdin = createInput();
  const status = await main(program, createIo(stdin, interrupted.signal, interrupt));
  process.off("SIGINT", interrupt);
  process.off("SIGTERM", interrupt);
  stdin.release();
  // As a shell has it of a process that the signal ended.
  process.exitCode = status === 130 ? 128 + constants.signals[received] : status;
  // Output that nobody reads would keep it after an interrupt.
  if (interrupted.signal.aborted) setTimeout(() => process.exit(), unreadMs).unref();
}

interface Input {
  readonly stream: NodeJS.ReadStream;
  readonly terminal: "terminal" | "pipe";
  /** What was not read of it would keep the process. */
  release(): void;
}

/** Most commands read nothing from it. */
function createInput(): Input {
  let opened: NodeJS.ReadStream | undefined;
  return {
    get stream() {
      return (opened ??= process.stdin);
    },
    terminal: isatty(0) ? "terminal" : "pipe",
    release: () => void opened?.destroy(),
  };
}

function createIo(stdin: Input, signal: AbortSignal, interrupt: (signal: NodeJS.Signals) => void): Io {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdin,
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

/** For as long as the program runs. */
function onSuspend(before: () => void): void {
  const stop = (): void => {
    before();
    process.off("SIGTSTP", stop);
    suspend(process.pid, () => process.on("SIGTSTP", stop));
  };
  process.on("SIGTSTP", stop);
}

/** Nothing may handle SIGTSTP now: only its default stops a process. @param processes 0: all of the terminal's foreground */
function suspend(processes: number, resumed: () => void): void {
  process.once("SIGCONT", resumed);
  process.kill(processes, "SIGTSTP");
}

function createOutput(stream: NodeJS.WriteStream): Output {
  // A reader that went away (`| head`) is its own affair: what is left of the output goes nowhere.
  let gone = false;
  const terminal = "isTTY" in stream && stream.isTTY;
  // A terminal that was closed answers EIO; of a file that is a fault of the disk.
  const isGone = ({ code }: NodeJS.ErrnoException): boolean => code === "EPIPE" || (terminal && code === "EIO");
  stream.on("error", (error: NodeJS.ErrnoException) => {
    gone ||= isGone(error);
  });
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
          if (error && !isGone(error)) reject(error);
          else resolve();
        });
      }),
  };
}

/** Loaded when somebody is asked: most runs ask nobody. */
function createPrompts(
  signal: AbortSignal,
  interrupt: (signal: NodeJS.Signals) => void,
): Pick<Io, "ask" | "askSecret"> {
  if (!isatty(0) || !process.stderr.isTTY) return { ask: undefined, askSecret: undefined };
  const keyboard: Keyboard = {
    get input() {
      return process.stdin;
    },
    output: process.stderr,
    signal,
    interrupt: () => interrupt("SIGINT"),
    ...watchKeyboard(interrupt),
  };
  return {
    ask: async (prompt) => (await import("./ask.ts")).ask(keyboard, prompt, "shown"),
    askSecret: async (prompt) => (await import("./ask.ts")).ask(keyboard, prompt, "hidden"),
  };
}

function watchKeyboard(interrupt: (signal: NodeJS.Signals) => void): Pick<Keyboard, "suspend" | "watchSignals"> {
  if (process.platform === "win32") return { suspend: () => undefined, watchSignals: () => () => undefined };
  const listeners = new Set<() => void>();
  return {
    suspend(resumed) {
      for (const each of listeners) process.off("SIGTSTP", each);
      suspend(0, () => {
        for (const each of listeners) process.on("SIGTSTP", each);
        resumed();
      });
    },
    watchSignals(suspended) {
      process.on("SIGHUP", interrupt);
      process.on("SIGTSTP", suspended);
      listeners.add(suspended);
      return () => {
        process.off("SIGHUP", interrupt);
        process.off("SIGTSTP", suspended);
        listeners.delete(suspended);
      };
    },
  };
}
