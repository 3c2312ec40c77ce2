/** Runs commands on one machine of the demo and shows them. An unexpected exit status ends the demo. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { showCommand, showOutput, showRefusal } from "./output.ts";

const dtuf = fileURLToPath(import.meta.resolve("../../packages/cli/src/bin/dtuf.ts"));

export interface Shell {
  readonly directory: string;
  readonly environment: Record<string, string>;
  /** Runs `dtuf` with these arguments. */
  run(words: readonly string[], expectedStatus?: number): Promise<void>;
  /** Runs another program. */
  system(words: readonly string[]): Promise<void>;
  /** Runs `dtuf` with these arguments on another machine and returns its output without showing it. */
  read(words: readonly string[], machine: Shell): Promise<string>;
}

export function createShell(options: {
  readonly name: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}): Shell {
  const { name, directory } = options;
  const environment: Record<string, string> = { ...options.environment };
  const execute = (program: string, words: readonly string[], cwd = directory): Promise<Ended> =>
    run(program, words, { cwd, env: { ...inherited(), ...environment } });
  const dtufWords = (words: readonly string[]): readonly string[] => ["--conditions=@dtuf/source", dtuf, ...words];
  return {
    directory,
    environment,
    async run(words, expectedStatus = 0) {
      showCommand(name, ["dtuf", ...words]);
      const ended = await execute(process.execPath, dtufWords(words));
      showOutput(ended.output);
      if (ended.status !== 0) showRefusal(ended.status);
      if (ended.status !== expectedStatus) throw new Error(`exit status ${ended.status}, expected ${expectedStatus}`);
    },
    async system(words) {
      showCommand(name, words);
      const [program = "", ...rest] = words;
      const ended = await execute(program, rest);
      showOutput(ended.output);
      if (ended.status !== 0) throw new Error(`${program} ended with status ${ended.status}`);
    },
    async read(words, machine) {
      const ended = await execute(process.execPath, dtufWords(words), machine.directory);
      if (ended.status !== 0) throw new Error(ended.output);
      return ended.output;
    },
  };
}

interface Ended {
  readonly status: number;
  readonly output: string;
}

/** Variables that programs need. Of dtuf's settings, only credentials are inherited. */
function inherited(): Record<string, string> {
  const kept = /^(?:PATH|HOME|TMPDIR|DTUF_(?:USERNAME|PASSWORD|TOKEN|AUTHORIZATION|AUTH_HOST|INSECURE|CA_FILE))$/;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      kept.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );
}

function run(
  program: string,
  words: readonly string[],
  options: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words], { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? 1, output }));
  });
}
