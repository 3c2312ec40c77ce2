/** An environment for the command line within one process: recorded streams and a fixed clock. */

export interface TestIoOptions {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly now?: () => Date;
  /** Answers to prompts, in order. Undefined: there is no terminal. */
  readonly answers?: readonly string[];
  readonly signal?: AbortSignal;
}

export function createTestIo(options: TestIoOptions) {
  const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const output = (name: "stdout" | "stderr") => ({
    terminal: "pipe" as const,
    columns: 80,
    rows: 24,
    write: (chunk: Uint8Array | string) => {
      written[name].push(typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk));
      return Promise.resolve();
    },
  });
  const answers = [...(options.answers ?? [])];
  const ask = options.answers === undefined ? undefined : () => Promise.resolve(answers.shift() ?? "");
  const io = {
    argv: options.argv,
    env: options.env ?? {},
    cwd: options.cwd,
    stdin: { stream: bytes(options.stdin ?? ""), terminal: "pipe" as const },
    stdout: output("stdout"),
    stderr: output("stderr"),
    home: undefined,
    platform: "linux",
    userId: undefined,
    now: options.now ?? ((): Date => new Date()),
    random: (): number => 0.5,
    signal: options.signal ?? new AbortController().signal,
    askSecret: ask,
    ask,
  };
  return {
    io,
    stdoutBytes: () => Buffer.concat(written.stdout),
    stdout: () => Buffer.concat(written.stdout).toString(),
    stderr: () => Buffer.concat(written.stderr).toString(),
  };
}

async function* bytes(content: string | Uint8Array): AsyncIterable<Uint8Array> {
  await Promise.resolve();
  if (content.length > 0) yield typeof content === "string" ? Buffer.from(content) : content;
}
