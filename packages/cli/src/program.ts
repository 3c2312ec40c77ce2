/** The table of commands as a commander program. Only the command that is called is loaded. */
import { Command as CommanderCommand, CommanderError, Option } from "commander";
import type { Command, ExitStatus, Program, Run } from "./context/command.ts";
import { settings, variableOf, type Setting, type SettingName } from "./context/settings.ts";
import type { Flags } from "./context/values.ts";

export interface Parsed {
  readonly command: Command;
  readonly args: readonly string[];
  readonly flags: Flags;
}

export interface Writers {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** What the words on the command line mean; a status where commander has answered already (help, version, usage). */
export function parseCommandLine(
  request: {
    readonly program: Program;
    readonly argv: readonly string[];
    readonly version: string;
    readonly env: string;
  },
  commands: readonly Command[],
  writers: Writers,
): Parsed | ExitStatus {
  let parsed: Parsed | undefined;
  const root = createProgram(request, writers);
  const own = commands.filter(({ programs }) => programs.includes(request.program));
  // Commander compares each option with all before it: where the first word is a command's name, the others can wait.
  const called = own.filter(({ name }) => name === request.argv[0]);
  for (const command of called.length > 0 ? called : own) {
    addCommand(root, command, request.env).action((...words: unknown[]) => {
      const flags = words.at(-2) as Record<string, string | boolean | readonly string[]>;
      parsed = { command, args: words.slice(0, -2).flat() as string[], flags: kebab(flags) };
    });
  }
  try {
    root.parse([...request.argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return parsed ?? 2;
}

function createProgram(
  { program, version }: { readonly program: Program; readonly version: string },
  writers: Writers,
): CommanderCommand {
  const about =
    program === "dtuf"
      ? "Publish files through a container registry and pull them back verified."
      : "Store blobs and aliases in a container registry.";
  return new CommanderCommand(program)
    .description(about)
    .version(version, "-V, --version")
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ writeOut: writers.out, writeErr: writers.err });
}

function addCommand(root: CommanderCommand, command: Command, prefix: string): CommanderCommand {
  const added = root.command(`${command.name} ${command.arguments}`.trim(), { hidden: false }).summary(command.summary);
  added.description(command.summary).exitOverride().allowExcessArguments(false);
  for (const name of command.settings) {
    const option = optionOf(name, prefix);
    if (option !== undefined) added.addOption(option);
  }
  const secrets = command.settings.filter((name) => settings[name].kind === "secret");
  const lines = [
    ...(secrets.length === 0
      ? []
      : [`secrets come from ${secrets.map((name) => variableOf(name, prefix)).join(", ")}`]),
    ...(command.example === undefined ? [] : [`example: ${command.example}`]),
  ];
  if (lines.length > 0) added.addHelpText("after", `\n${lines.join("\n")}`);
  return added;
}

function optionOf(name: SettingName, prefix: string): Option | undefined {
  const setting: Setting = settings[name];
  if (setting.kind === "secret") return undefined;
  const fallback = setting.fallback === undefined ? "" : `; default ${setting.fallback}`;
  const text = `${setting.summary} (${variableOf(name, prefix)}${fallback})`;
  const flag = setting.short === undefined ? `--${name}` : `-${setting.short}, --${name}`;
  if (setting.kind === "switch") return new Option(flag, text);
  const value = setting.choices === undefined ? setting.value : setting.choices.join("|");
  const option = new Option(`${flag} <${value ?? "value"}>`, text);
  return setting.kind === "list"
    ? option.argParser((word: string, before: readonly string[] | undefined) => [...(before ?? []), word])
    : option;
}

function kebab(flags: Readonly<Record<string, string | boolean | readonly string[]>>): Flags {
  return Object.fromEntries(
    Object.entries(flags).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      value,
    ]),
  );
}

export type { Run };
