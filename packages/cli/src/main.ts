/** (argv, environment, streams) -> exit status. Whatever goes wrong ends here, in one place, with a status that is not 0. */
import type { Context, ExitStatus, Program } from "./context/command.ts";
import { ambientSettings } from "./entry.ts";
import { commands } from "./table.ts";
import { reportError } from "./context/report-error.ts";
import type { Io } from "./context/io.ts";
import { verifyModes } from "./context/modes.ts";
import { verifyNamedFiles } from "./context/named-files.ts";
import { parseCommandLine, type Parsed } from "./program.ts";
import { variableOf, type SettingName } from "./context/settings.ts";
import { createTerminal } from "./context/terminal.ts";
import { readSettings, verifySettings } from "./context/values.ts";
import { version } from "./version.ts";

const prefixes: Readonly<Record<Program, string>> = { dtuf: "DTUF", dxf: "DXF" };

/** Runs one command line. Never throws: an error is reported on stderr and becomes the exit status. */
export async function main(program: Program, io: Io): Promise<ExitStatus> {
  const prefix = prefixes[program];
  const writers = collectWrites(io);
  const parsed = parseCommandLine({ program, argv: io.argv, version, env: prefix }, commands, writers);
  await writers.flush();
  return typeof parsed === "number" ? parsed : runCommand(program, io, parsed);
}

async function runCommand(program: Program, io: Io, { command, args, flags }: Parsed): Promise<ExitStatus> {
  const prefix = prefixes[program];
  const values = readSettings(flags, io.env, prefix);
  const variable = (setting: SettingName): string => variableOf(setting, prefix);
  let context: Context | undefined;
  try {
    context = { io, program, values, variable, terminal: createTerminal(program, io, values) };
    verifySettings(values, command.settings);
    verifyModes(command.modes, { values, args }, ambientSettings);
    await verifyNamedFiles(values, command.settings, io.cwd);
    const run = await command.load();
    return (await run(context, args)) ?? 0;
  } catch (error) {
    return reportError(error, { program, command: command.name, io, terminal: context?.terminal });
  }
}

/** Commander writes synchronously; our streams do not. */
function collectWrites(io: Io): { out(text: string): void; err(text: string): void; flush(): Promise<void> } {
  const pending: (() => Promise<void>)[] = [];
  return {
    out: (text) => void pending.push(() => io.stdout.write(text)),
    err: (text) => void pending.push(() => io.stderr.write(text)),
    async flush() {
      for (const write of pending) await write();
    },
  };
}
