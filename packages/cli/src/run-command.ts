/** Settings -> context -> command. Whatever goes wrong ends here, in one place, with a status that is not 0. */
import type { CommandGroups, Context, ExitStatus, Interruption, Program } from "./context/command.ts";
import type { Io } from "./context/io.ts";
import { verifyModes } from "./context/settings/modes.ts";
import { verifyLogFile, verifyNamedFiles } from "./context/settings/named-files.ts";
import { reportError } from "./context/report-error.ts";
import { allowQuestions } from "./context/questions.ts";
import { createScreen } from "./context/screen/screen.ts";
import { variableOf, type SettingName } from "./context/settings/settings.ts";
import { createTerminal } from "./context/terminal.ts";
import { readSettings, verifySettings } from "./context/settings/values.ts";
import { ambientSettings } from "./entry.ts";
import type { Parsed } from "./program.ts";

export interface Called {
  readonly program: Program;
  /** Of the variables. */
  readonly prefix: string;
  readonly io: Io;
  readonly groups: CommandGroups;
}

/** Every setting is parsed before the command does anything. Never throws. */
export async function runCommand(
  { command, args, flags }: Parsed,
  { program, prefix, io: world, groups }: Called,
): Promise<ExitStatus> {
  const values = readSettings(flags, world.env, prefix);
  const screen = createScreen(allowQuestions(world, values));
  const { io } = screen;
  const interruption: Interruption = {};
  const variable = (setting: SettingName): string => variableOf(setting, prefix);
  let context: Context | undefined;
  try {
    await verifyLogFile(values, io.cwd);
    const terminal = createTerminal(program, io, values);
    context = { io, program, values, variable, terminal, screen, interruption, groups };
    verifySettings(values, command.settings);
    verifyModes(command.modes, { values, args }, ambientSettings);
    await verifyNamedFiles(values, command.settings, io.cwd);
    const run = await command.load();
    return (await run(context, args)) ?? 0;
  } catch (error) {
    screen.close();
    const repository = command.arguments.startsWith("<repo>") ? args[0] : undefined;
    const isNamed = repository !== undefined && command.name !== "import-repository";
    if (context !== undefined && isNamed) await noteRepositories(error, context, repository);
    return reportError(error, {
      program,
      command: command.name,
      repository,
      io,
      terminal: context?.terminal ?? { format: values.on("json") ? "json" : "text", log: () => undefined },
      interruption,
    });
  } finally {
    screen.close();
  }
}

/** Nothing is known here, or published there, under the name that was given. */
const unknownRepository: ReadonlySet<unknown> = new Set([
  "COPY_NOT_PINNED",
  "COPY_NOT_PUBLISHED",
  "COPY_METADATA_MISSING",
  "MASTER_METADATA_MISSING",
  "MASTER_METADATA_UNAVAILABLE",
]);

async function noteRepositories(error: unknown, context: Context, repository: string): Promise<void> {
  if (!(error instanceof Error) || !("code" in error) || !unknownRepository.has(error.code)) return;
  const { findNearRepositories } = await import("./connection/known-repositories.ts");
  const { noteNear } = await import("./targets/near-names.ts");
  try {
    noteNear(error, await findNearRepositories(context, repository));
  } catch {}
}
