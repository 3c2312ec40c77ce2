/**
 * A program under a pseudo-terminal with a real line discipline: it echoes what is typed unless the program
 * turns that off, and Ctrl-C is a signal unless the program reads single keys. It uses `script` of util-linux,
 * which Debian and its derivatives always have.
 */
import { spawn } from "node:child_process";

export interface TerminalOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly columns?: number;
  readonly rows?: number;
}

export interface TerminalEnd {
  /** The program's status; 128 plus the signal's number if a signal ended it. */
  readonly status: number;
  /** The output of `stty -a` for the terminal afterwards. */
  readonly modes: string;
}

export interface PseudoTerminal {
  /** Everything written to the terminal so far, echo and control sequences included. */
  screen(): string;
  /** Waits until `text` is on the screen, after the text of the previous wait. Rejects if the program ends first. */
  shows(text: string): Promise<void>;
  /**
   * `\r` is the return key, `\x03` Ctrl-C, `\x04` Ctrl-D, `\x1a` Ctrl-Z. While the program is stopped the screen shows
   * `stty -a` and `[stopped]`, and the return key continues it.
   */
  type(keys: string): void;
  readonly ended: Promise<TerminalEnd>;
  /** Ends a program that is still running. */
  [Symbol.dispose](): void;
}

/** What a shell has as the status of a job that SIGTSTP stopped. */
const stopped = 128 + 20;

/** Separates the program's output from that of `stty`: no program writes it. */
const marker = "\x1d[end]";

export function openPseudoTerminal(options: TerminalOptions): PseudoTerminal {
  const { command, cwd, env, columns = 80, rows = 24 } = options;
  // The shell survives Ctrl-C, which every process of a terminal gets, and reports the state of the terminal. With -m the
  // program is a job of its own, so that Ctrl-Z stops it and nothing else; a line that is typed then continues it.
  const script =
    `set -m; trap : INT; stty cols ${columns} rows ${rows}; ${command.map(quote).join(" ")}; status=$?; ` +
    `while [ $status = ${stopped} ]; do stty -a; echo '[stopped]'; read -r line; fg >/dev/null; status=$?; done; ` +
    `printf '${marker.replace("\x1d", String.raw`\035`)}'; stty -a; exit $status`;
  const child = spawn("script", ["--quiet", "--return", "--echo", "always", "--command", script, "/dev/null"], {
    cwd,
    env: { PATH: process.env["PATH"], ...env, SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let written = "";
  let waitedFor = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written += text));
  const screen = (): string => written.split(marker, 1)[0] ?? "";
  const ended = new Promise<TerminalEnd>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? 255, modes: written.split(marker)[1] ?? "" }));
  });
  return {
    screen,
    ended,
    [Symbol.dispose]: () => void child.kill("SIGTERM"),
    type: (keys) => void child.stdin.write(keys),
    async shows(text) {
      while (!screen().includes(text, waitedFor)) await nextData();
      waitedFor = screen().indexOf(text, waitedFor) + text.length;
    },
  };

  async function nextData(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        child.off("close", gone);
        resolve();
      };
      const gone = (): void => {
        child.stdout.off("data", done);
        reject(new Error(`the program ended; on the screen is ${JSON.stringify(screen())}`));
      };
      if (child.stdout.closed) return gone();
      child.stdout.once("data", done);
      child.once("close", gone);
    });
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
