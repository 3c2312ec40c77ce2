/** The table of commands as a commander program. Only the command that is called is loaded. */
import { isOptional } from "./context/settings/setting-kinds.ts";
import { Command as CommanderCommand, CommanderError, Option } from "commander";
import type { Command, CommandGroups, ExitStatus, Program, Run } from "./context/command.ts";
import { isDurationLike } from "./context/grammar/duration.ts";
import { describeNear, describeNearCommand } from "./context/text/near.ts";
import { settings, variableOf, type Setting, type SettingName } from "./context/settings/settings.ts";
import { UsageError } from "./context/usage.ts";
import type { Flags } from "./context/settings/values.ts";
import { groupOf } from "./entry.ts";
import { createHelpLayout, wrapHelp } from "./help/help-layout.ts";

export interface Parsed {
  readonly command: Command;
  readonly args: readonly string[];
  readonly flags: Flags;
}

export interface Writers {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Of the terminal; 0 if it does not say. */
  readonly columns: number;
}

interface Request {
  readonly program: Program;
  readonly argv: readonly string[];
  readonly version: string;
  /** What variables begin with. */
  readonly env: string;
}

/**
 * What the words on the command line mean; a status if commander has answered already (help, version).
 * @throws UsageError
 */
export function parseCommandLine(request: Request, groups: CommandGroups, writers: Writers): Parsed | ExitStatus {
  let parsed: Parsed | undefined;
  const { program, env } = request;
  const argv = helpLast(request, groups);
  const root = createProgram(request, writers);
  const isWhole = isHelp(argv) && argv.includes("--all");
  // Commander compares each option with all before it: if the first word is a command's name, the others can wait.
  const isCalled = [...groups.values()].some((all) => all.some((one) => isOf(one, program) && one.name === argv[0]));
  for (const [group, all] of groups) {
    for (const command of all.filter((one) => isOf(one, program) && (!isCalled || one.name === argv[0]))) {
      const added = addCommand(root, command, { env, argv, isWhole, columns: writers.columns }).helpGroup(`${group}:`);
      added.action((...words: unknown[]) => {
        const flags = words.at(-2) as Record<string, string | boolean | readonly string[]>;
        parsed = { command, args: words.slice(0, -2).flat() as string[], flags: kebab(flags) };
      });
    }
  }
  if (isWhole && !isCalled) root.addHelpText("after", sharedOptions(program, env, writers.columns));
  try {
    const words = isWhole ? argv.filter((word) => word !== "--all") : argv;
    root.parse(joinOptional(words), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    // Without a command commander prints the help.
    if (error.code === "commander.help") return 2;
    throw usageError(error, request, groups);
  }
  return parsed ?? 2;
}

/** In our words, with what is near: commander knows only the options that its help shows. */
function usageError({ message }: CommanderError, { program, argv }: Request, groups: CommandGroups): UsageError {
  const all = [...groups.values()].flat().filter((one) => isOf(one, program));
  const text = message.replace(/^error: /, "");
  const [, what, word = ""] = /^unknown (option|command) '([^]*)'$/.exec(text) ?? [];
  if (what === undefined) return new UsageError(text);
  if (word.startsWith("-") && argv[0] === word && word.slice(2) in settings) {
    return new UsageError(text, `options follow the command: ${program} COMMAND ${word}`);
  }
  const names = all.map(({ name }) => name);
  if (what === "command") return new UsageError(text, describeNearCommand(word, names));
  const command = all.find(({ name }) => name === argv[0]);
  const [, rootFlag] = /^--(root|tuf)(?:=|$)/.exec(word) ?? [];
  if (rootFlag !== undefined && command?.arguments.includes("root.json") === true) {
    return new UsageError(text, `the file follows the repository: ${program} ${command.name} ${command.arguments}`);
  }
  // Two names of the trusted root, which are not near in spelling.
  const other = rootFlag === "root" ? "tuf" : rootFlag === "tuf" ? "root" : undefined;
  if (other !== undefined && command?.settings.includes(other) === true) {
    return new UsageError(text, `the trusted root is --${other} of ${program} ${command.name}`);
  }
  const taken = command?.settings.filter((name) => settings[name].kind !== "secret");
  return new UsageError(text, describeNear(word, [...(taken ?? []).map((name) => `--${name}`), "--help"]));
}

/** What the value of an option that may have one looks like. */
const optionalValues: ReadonlyMap<string, (word: string) => boolean> = new Map(
  Object.entries(settings).flatMap(([name, { kind }]) => {
    if (kind === "optional-duration") return [[`--${name}`, isDurationLike]];
    return kind === "optional-count" ? [[`--${name}`, (word: string): boolean => /^[0-9]+$/.test(word)]] : [];
  }),
);

/** `--cache-if-valid 6h` is one word for commander, and `--cache-if-valid fred/demo` takes no repository for a duration. */
function joinOptional(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return [...joined, ...words.slice(at)];
    const next = words[at + 1] ?? "";
    const isValue = optionalValues.get(word);
    if (isValue === undefined) joined.push(word);
    else if (!isValue(next)) joined.push(`${word}=1`);
    else {
      joined.push(`${word}=${next}`);
      at += 1;
    }
  }
  return joined;
}

/** `help push-target` is `push-target --help`; other topics are for the command `help`. */
function helpLast({ argv, program }: Request, groups: CommandGroups): readonly string[] {
  const [first, topic, ...more] = argv;
  if (first !== "help") return argv;
  if (topic === undefined || topic === "--all") return ["--help", ...argv.slice(1)];
  const isCommand = [...groups.values()].flat().some((one) => isOf(one, program) && one.name === topic);
  return isCommand && more.every((word) => word === "--all") ? [topic, "--help", ...more] : argv;
}

function isOf({ programs }: Command, program: Program): boolean {
  return programs.includes(program);
}

function isHelp(argv: readonly string[]): boolean {
  return argv.some((word) => word === "--help" || word === "-h");
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
    .showSuggestionAfterError(false)
    .addHelpText("after", `\n${program} help COMMAND says how to call it; ${program} help CODE what an error means`)
    .configureHelp(createHelpLayout(writers.columns))
    .configureOutput({ writeOut: writers.out, writeErr: writers.err, outputError: () => undefined });
}

interface HelpStyle {
  /** What variables begin with. */
  readonly env: string;
  readonly argv: readonly string[];
  /** `--help --all`: shared options are described one by one. */
  readonly isWhole: boolean;
  readonly columns: number;
}

const headings = { own: "Options:", registry: "Registry options:", output: "Output options:" } as const;

function addCommand(root: CommanderCommand, command: Command, style: HelpStyle): CommanderCommand {
  const added = root.command(`${command.name} ${command.arguments}`.trim(), { hidden: false }).summary(command.summary);
  added.description(command.summary).exitOverride().allowExcessArguments(false);
  // Commander takes longer for forty options than for all the rest: without help, those that are given are enough.
  const isShown = isHelp(style.argv);
  const options = isShown ? command.settings : command.settings.filter((name) => isGiven(name, style.argv));
  for (const group of ["own", "registry", "output"] as const) {
    for (const name of options.filter((each) => groupOf(each) === group)) {
      const option = optionOf(name, { prefix: style.env, meaning: command.meanings?.[name] })?.helpGroup(
        headings[group],
      );
      if (option !== undefined) added.addOption(group === "own" || style.isWhole ? option : option.hideHelp());
    }
  }
  const lines = isShown ? notesOf(command, style) : [];
  if (lines.length > 0)
    added.addHelpText("after", `\n${lines.map((line) => wrapHelp(line, style.columns)).join("\n")}`);
  return added;
}

/** For the help of the program as a whole, which has no options of its own to show in full. */
function sharedOptions(program: Program, env: string, columns: number): string {
  const shown = new CommanderCommand(program).helpOption(false).configureHelp(createHelpLayout(columns));
  for (const group of ["registry", "output"] as const) {
    for (const name of Object.keys(settings) as SettingName[]) {
      const option = groupOf(name) === group ? optionOf(name, { prefix: env, meaning: undefined }) : undefined;
      if (option !== undefined) shown.addOption(option.helpGroup(headings[group]));
    }
  }
  const text = shown.helpInformation();
  return `\nOptions that commands share; they follow the command:\n\n${text.slice(text.indexOf(headings.registry))}`;
}

/** Whether a word may be this option's flag: of several short ones in one word, each may be. */
function isGiven(name: SettingName, argv: readonly string[]): boolean {
  const { short }: Setting = settings[name];
  return argv.some(
    (word) => word === `--${name}` || word.startsWith(`--${name}=`) || (short !== undefined && /^-[^-]/.test(word)),
  );
}

function notesOf({ settings: names, examples }: Command, { env, isWhole }: HelpStyle): readonly string[] {
  const secrets = names.filter((name) => settings[name].kind === "secret");
  const shared = names.filter((name) => groupOf(name) !== "own" && settings[name].kind !== "secret");
  return [
    ...(isWhole || shared.length === 0
      ? []
      : [`shared options (--help --all describes them): ${shared.map((name) => `--${name}`).join(", ")}`]),
    ...(secrets.length === 0 ? [] : [`secrets come from ${secrets.map((name) => variableOf(name, env)).join(", ")}`]),
    ...(examples.length === 1 ? [`example: ${examples[0]}`] : ["examples:", ...examples.map((each) => `  ${each}`)]),
  ];
}

interface OptionStyle {
  /** Of its variable. */
  readonly prefix: string;
  readonly meaning: string | undefined;
}

function optionOf(name: SettingName, { prefix, meaning }: OptionStyle): Option | undefined {
  const setting: Setting = settings[name];
  if (setting.kind === "secret") return undefined;
  const fallback = setting.fallback === undefined ? "" : `; default ${setting.fallback}`;
  const text = `${meaning ?? setting.summary} (${variableOf(name, prefix)}${fallback})`;
  const flag = setting.short === undefined ? `--${name}` : `-${setting.short}, --${name}`;
  if (setting.kind === "switch") return new Option(flag, text);
  if (isOptional(setting.kind)) return new Option(`${flag} [${setting.value ?? "value"}]`, text);
  const value = setting.choices === undefined ? setting.value : setting.choices.join("|");
  const option = new Option(`${flag} <${value ?? "value"}>`, text);
  return setting.kind === "list"
    ? option.argParser((word: string, before: readonly string[] | undefined) => [...(before ?? []), word])
    : option;
}

function kebab(flags: Readonly<Record<string, string | boolean | readonly string[]>>): Flags {
  return Object.fromEntries(
    Object.entries(flags).map(([name, value]) => {
      // Commander takes --no-input for the opposite of --input, which is on by default.
      const isOpposite = Object.hasOwn(settings, `no-${name}`);
      const kebabName = isOpposite ? `no-${name}` : name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      return [kebabName, isOpposite ? value === false || undefined : value];
    }),
  );
}

export type { Run };
