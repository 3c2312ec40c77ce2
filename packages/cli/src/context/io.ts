/** The outside world as the commands see it. Only bin/ makes one from `process`; tests make their own. */
import type { ByteStream } from "@dtuf/registry";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Output {
  /** Resolves when the bytes were taken; rejects where the reader went away. */
  write(chunk: Uint8Array | string): Promise<void>;
  readonly terminal: "terminal" | "pipe";
  /** Width of the terminal in columns, now; 0 if it does not say. */
  readonly columns: number;
  readonly rows: number;
}

export interface Io {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: { readonly stream: ByteStream; readonly terminal: "terminal" | "pipe" };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly home: string | undefined;
  readonly platform: string;
  readonly userId: number | undefined;
  readonly now: () => Date;
  readonly random: () => number;
  /** Aborted by the first interrupt. */
  readonly signal: AbortSignal;
  /** Asks on the terminal without showing what is typed. Undefined if there is no terminal. */
  readonly askSecret: ((prompt: string) => Promise<string>) | undefined;
  /** The same, and what is typed is shown. */
  readonly ask: ((prompt: string) => Promise<string>) | undefined;
  /** Calls `before` each time that the user stops the program (Ctrl-Z). */
  readonly onSuspend?: ((before: () => void) => void) | undefined;
}
