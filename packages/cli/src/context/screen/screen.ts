/**
 * The lines at the bottom of a terminal that are drawn again and again. Everything else that is written goes through
 * `io`, which erases them first, so that no line is torn; after the end of a command nothing of them is left.
 */
import type { Io, Output } from "../io.ts";
import { displayWidth } from "./display-width.ts";

export interface Screen {
  /** The same world, to be used instead of the one that the screen was made of. */
  readonly io: Io;
  /** Replaces the lines that are shown. Does nothing after `close`, and while there is a question or an unfinished line. */
  draw(lines: readonly string[]): void;
  erase(): void;
  /** Erases the lines, and draws no others. */
  close(): void;
}

/** Whether the terminal is known to understand the control sequences that are used here, and how wide it is. */
export function canDraw({ env, stderr }: Pick<Io, "env" | "stderr">): boolean {
  return stderr.terminal === "terminal" && stderr.columns > 0 && !["", "dumb"].includes(env["TERM"] ?? "unset");
}

interface Shown {
  /** Of the lines that are drawn. */
  widths: readonly number[];
  state: "open" | "asking" | "closed";
  /** What was written last to the terminal has no line end: a line drawn behind it would be torn. */
  isTorn: boolean;
  isWatched: boolean;
}

export function createScreen(io: Io): Screen {
  const shown: Shown = { widths: [], state: "open", isTorn: false, isWatched: false };
  const erase = (): void => {
    if (shown.widths.length > 0) void io.stderr.write(`${toTop(shown.widths, io.stderr.columns)}\u001b[J`);
    shown.widths = [];
  };
  const [stdout, stderr] = [eraseBefore(io.stdout, shown, erase), eraseBefore(io.stderr, shown, erase)];
  const ask = io.ask && askOn(io.ask, shown, erase);
  const askSecret = io.askSecret && askOn(io.askSecret, shown, erase);
  return {
    io: { ...io, stdout, stderr, ask, askSecret },
    erase,
    draw(lines) {
      if (shown.state !== "open" || shown.isTorn || (lines.length === 0 && shown.widths.length === 0)) return;
      // A stopped program leaves the terminal to the shell, and what the shell writes there must not be erased.
      if (!shown.isWatched) io.onSuspend?.(erase);
      shown.isWatched = true;
      const top = toTop(shown.widths, io.stderr.columns);
      shown.widths = lines.map(displayWidth);
      void io.stderr.write(`${top}${lines.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`);
    },
    close() {
      erase();
      shown.state = "closed";
    },
  };
}

function eraseBefore(output: Output, shown: Shown, erase: () => void): Output {
  if (output.terminal === "pipe") return output;
  return {
    terminal: output.terminal,
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    write: (chunk) => {
      erase();
      shown.isTorn = !endsLine(chunk, shown.isTorn);
      return output.write(chunk);
    },
  };
}

function askOn(
  ask: (prompt: string) => Promise<string>,
  shown: Shown,
  erase: () => void,
): (prompt: string) => Promise<string> {
  return async (prompt) => {
    erase();
    shown.state = "asking";
    try {
      return await ask(prompt);
    } finally {
      // The command may have ended meanwhile.
      if (shown.state === "asking") shown.state = "open";
    }
  };
}

/** From behind the last line. A terminal that has got narrower since has broken the lines. */
function toTop(widths: readonly number[], columns: number): string {
  const rows = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / Math.max(1, columns))), 0);
  return rows > 1 ? `\r\u001b[${rows - 1}A` : "\r";
}

/** @param isTorn before the chunk */
function endsLine(chunk: Uint8Array | string, isTorn: boolean): boolean {
  if (chunk.length === 0) return !isTorn;
  return typeof chunk === "string" ? chunk.endsWith("\n") : chunk.at(-1) === 0x0a;
}
