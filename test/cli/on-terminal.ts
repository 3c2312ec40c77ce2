/** The program under a pseudo-terminal, against a registry that a test can make slow. */
import { fileURLToPath } from "node:url";
import { openPseudoTerminal, type PseudoTerminal } from "@dtuf/testing/terminal/pseudo-terminal";
import { expect } from "vitest";
import type { Machine } from "./machine.ts";

const bin = fileURLToPath(new URL("../../packages/cli/src/bin/dtuf.ts", import.meta.url));

export interface Opening {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly columns?: number;
  /** A shell's redirections, `<&-`. Also says the process's id on the terminal first. */
  readonly redirections?: string;
  /** Redirections of a program whose output goes to a reader that has gone away. Says `status N.` on the terminal. */
  readonly unread?: string;
}

export interface Terminals {
  open(words: readonly string[], opening?: Opening): PseudoTerminal;
  /** Ends what is still running. */
  close(): void;
}

export function createTerminals(machine: () => Machine): Terminals {
  let opened: PseudoTerminal[] = [];
  return {
    open(words, { env, columns = 80, redirections, unread } = {}) {
      const program = [process.execPath, "--conditions=@dtuf/source", bin, ...words] as const;
      const { directory, environment } = machine();
      const script =
        unread === undefined
          ? `echo "process $$." >/dev/tty; exec "$@" ${redirections ?? ""}`
          : `{ sleep 0.3; "$@" ${unread}; echo "status $?." >/dev/tty; } | true`;
      const isPlain = redirections === undefined && unread === undefined;
      const terminal = openPseudoTerminal({
        command: isPlain ? program : ["sh", "-c", script, "sh", ...program],
        cwd: directory,
        env: { TERM: "xterm", LC_ALL: "C", ...environment, HOME: directory, ...env },
        columns,
      });
      opened.push(terminal);
      return terminal;
    },
    close() {
      for (const terminal of opened) terminal[Symbol.dispose]();
      opened = [];
    },
  };
}

const sane = ["isig", "icanon", "echo", "icrnl", "opost"];

/** The status, and the terminal as a shell leaves it: keys are echoed, lines can be edited, Ctrl-C is a signal. */
export async function expectEnd(terminal: PseudoTerminal, status: number): Promise<void> {
  const ended = await terminal.ended;
  expect({ status: ended.status, screen: terminal.screen() }).toMatchObject({ status });
  expect(ended.modes.split(/\s/)).toEqual(expect.arrayContaining(sane));
  expect(terminal.screen()).not.toMatch(/^\s+at /m);
}

/** Of a process that says it on the terminal, because it has redirections. */
export async function processOf(terminal: PseudoTerminal): Promise<number> {
  await terminal.shows("process ");
  await terminal.shows(".");
  return Number(/process (\d+)\./.exec(terminal.screen())?.[1]);
}

/** With ␛ for the control character. */
const pieces = /\r|\n|␛\[(\d*)([AJK])|[^\r\n␛]+/gu;

/** What a person sees in the end of all that was written: the lines that are not empty. No line is as wide as the terminal. */
export function visibleLines(written: string): readonly string[] {
  const lines: string[] = [""];
  let [row, column] = [0, 0];
  for (const [piece, count = "", command] of written.replaceAll("\u001b", "␛").matchAll(pieces)) {
    if (piece === "\r") column = 0;
    else if (piece === "\n") lines[(row += 1)] ??= "";
    else if (command === "A") row = Math.max(0, row - Number(count || 1));
    else if (command === undefined) {
      const line = (lines[row] ?? "").padEnd(column);
      lines[row] = line.slice(0, column) + piece + line.slice(column + piece.length);
      column += piece.length;
    } else {
      lines[row] = (lines[row] ?? "").slice(0, column);
      if (command === "J") lines.length = row + 1;
    }
  }
  return lines.filter((line) => line !== "");
}
