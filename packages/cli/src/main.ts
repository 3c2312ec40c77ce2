/** (argv, environment, streams) -> exit status. */
import type { ExitStatus, Program } from "./context/command.ts";
import type { Io } from "./context/io.ts";
import { commandGroups } from "./table.ts";
import { parseCommandLine, type Writers } from "./program.ts";
import { version } from "./version.ts";

const prefixes: Readonly<Record<Program, string>> = { dtuf: "DTUF", dxf: "DXF" };

/** Runs one command line. Never throws: an error is reported on stderr and becomes the exit status. */
export async function main(program: Program, io: Io): Promise<ExitStatus> {
  const prefix = prefixes[program];
  const writers = collectWrites(io);
  if (io.argv[0] === "__complete") {
    const { complete } = await import("./help/completion/complete.ts");
    await complete(io, { program, prefix, groups: commandGroups });
    return 0;
  }
  try {
    const parsed = parseCommandLine({ program, argv: io.argv, version, env: prefix }, commandGroups, writers);
    await writers.flush();
    if (typeof parsed === "number") return parsed;
    const { runCommand } = await import("./run-command.ts");
    return await runCommand(parsed, { program, prefix, io, groups: commandGroups });
  } catch (error) {
    return reportUsage(error, program, io);
  }
}

/** Of a command line that was not understood, so there are no settings: only the word `--json` is looked for. */
async function reportUsage(error: unknown, program: Program, io: Io): Promise<ExitStatus> {
  const { reportError } = await import("./context/report-error.ts");
  const [word = ""] = io.argv;
  const command = [...commandGroups.values()].flat().some(({ name }) => name === word) ? word : "";
  const format = io.argv.includes("--json") ? "json" : "text";
  return reportError(error, {
    program,
    command,
    repository: undefined,
    io,
    terminal: { format, log: () => undefined },
    interruption: {},
  });
}

/** Commander writes synchronously; our streams do not. */
function collectWrites(io: Io): Writers & { flush(): Promise<void> } {
  const pending: (() => Promise<void>)[] = [];
  return {
    out: (text) => void pending.push(() => io.stdout.write(text)),
    err: (text) => void pending.push(() => io.stderr.write(text)),
    columns: io.stdout.columns,
    async flush() {
      for (const write of pending) await write();
    },
  };
}
