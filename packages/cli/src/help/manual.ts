/** The manual's pages in man's language, made from the tables: one of the program, one of each command. */
import { isOptional } from "../context/settings/setting-kinds.ts";
import type { Command, CommandGroups, Program } from "../context/command.ts";
import { settings, variableOf, type Setting, type SettingName } from "../context/settings/settings.ts";
import { groupOf } from "../entry.ts";
import { version } from "../version.ts";
import { listStatusMeanings } from "./statuses.ts";

export interface PageRequest {
  readonly program: Program;
  readonly groups: CommandGroups;
  /** Undefined: the page of the program. */
  readonly command: string | undefined;
}

const about: Readonly<Record<Program, string>> = {
  dtuf: "publish files through a container registry and pull them back verified",
  dxf: "store blobs and aliases in a container registry",
};

/** Undefined if there is no such command. */
export function createManualPage({ program, groups, command }: PageRequest): string | undefined {
  if (command === undefined) return programPage(program, groups);
  const found = commandsOf(program, [...groups.values()].flat()).find(({ name }) => name === command);
  return found === undefined ? undefined : commandPage(program, found);
}

/** File name -> page. */
export function createManual(program: Program, groups: CommandGroups): ReadonlyMap<string, string> {
  const all = commandsOf(program, [...groups.values()].flat());
  return new Map([
    [`${program}.1`, programPage(program, groups)],
    ...all.map((command) => [`${program}-${command.name}.1`, commandPage(program, command)] as const),
  ]);
}

function commandsOf(program: Program, commands: readonly Command[]): readonly Command[] {
  return commands.filter(({ programs }) => programs.includes(program));
}

function programPage(program: Program, groups: CommandGroups): string {
  const listed = [...groups].flatMap(([group, all]) => {
    const commands = commandsOf(program, all);
    if (commands.length === 0) return [];
    return [`.SS ${roff(group)}`, ...commands.flatMap((each) => tagged(bold(each.name), each.summary))];
  });
  const shared = (Object.keys(settings) as SettingName[]).filter((name) => groupOf(name) !== "own");
  return page(program, about[program], [
    ".SH SYNOPSIS",
    `${bold(program)} \\fIcommand\\fR [options] [arguments]`,
    ".SH DESCRIPTION",
    roff(
      `${program} help COMMAND explains a command, ${program} help CODE an error. Data goes to stdout, talk to stderr.`,
    ),
    ...listed,
    ".SH SHARED OPTIONS",
    ...shared.flatMap((name) => optionLines(name, prefixOf(program))),
    ".SH EXIT STATUS",
    ...listStatusMeanings().flatMap(([status, meaning]) => tagged(bold(String(status)), meaning)),
  ]);
}

function commandPage(program: Program, command: Command): string {
  const { name, summary, arguments: words, settings: all, examples, meanings = {} } = command;
  const own = all.filter((each) => groupOf(each) === "own");
  const shared = all.filter((each) => groupOf(each) !== "own" && settings[each].kind !== "secret");
  return page(`${program}-${name}`, summary, [
    ".SH SYNOPSIS",
    `${bold(`${program} ${name}`)} [options] ${roff(words)}`.trim(),
    ...(own.length === 0
      ? []
      : [".SH OPTIONS", ...own.flatMap((each) => optionLines(each, prefixOf(program), meanings[each]))]),
    ...(shared.length === 0
      ? []
      : [".SH SHARED OPTIONS", roff(`${shared.map((each) => `--${each}`).join(", ")}: described in ${program}(1).`)]),
    ".SH EXAMPLES",
    ...examples.flatMap((each) => [".nf", roff(each.replace(/^dtuf /, `${program} `)), ".fi"]),
    ".SH SEE ALSO",
    `${bold(program)}(1)`,
  ]);
}

function page(name: string, summary: string, lines: readonly string[]): string {
  const title = `.TH ${name.toUpperCase()} 1 "" "dtuf ${version}" "dtuf"`;
  return `${[title, ".SH NAME", `${roff(name)} \\- ${roff(summary)}`, ...lines].join("\n")}\n`;
}

function optionLines(name: SettingName, prefix: string, meaning?: string): readonly string[] {
  const setting: Setting = settings[name];
  const variable = variableOf(name, prefix);
  const value = setting.choices?.join("|") ?? setting.value ?? "value";
  const taken = setting.kind === "switch" ? "" : isOptional(setting.kind) ? ` [${value}]` : ` ${value}`;
  const flag = `${setting.short === undefined ? "" : `-${setting.short}, `}--${name}${taken}`;
  const fallback = setting.fallback === undefined ? "" : `; default ${setting.fallback}`;
  if (setting.kind === "secret") return tagged(bold(variable), `${meaning ?? setting.summary}: a variable, no option`);
  return tagged(bold(flag), `${meaning ?? setting.summary} (${variable}${fallback})`);
}

function tagged(term: string, text: string): readonly string[] {
  return [".TP", term, roff(text)];
}

function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`;
}

function prefixOf(program: Program): string {
  return program.toUpperCase();
}

/** In roff a backslash, a hyphen and the first character of a line have a meaning of their own. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "...")
    .replaceAll("`", "\\(ga")
    .replace(/^([.'])/, "\\&$1");
}
