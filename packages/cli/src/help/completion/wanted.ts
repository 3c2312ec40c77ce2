/** What may stand at the end of an unfinished command line. Pure: from the tables alone. */
import { isOptional } from "../../context/settings/setting-kinds.ts";
import type { Command, Program } from "../../context/command.ts";
import { settings, type Setting, type SettingName } from "../../context/settings/settings.ts";
import { scripts } from "./scripts.ts";

export interface Candidate {
  readonly name: string;
  readonly about?: string;
}

export type Wanted =
  | { readonly kind: "names"; readonly names: readonly Candidate[] }
  | { readonly kind: "files" | "directories" | "repositories" | "codes" }
  /** `sign`: before each name. */
  | { readonly kind: "targets"; readonly repo: string; readonly sign: "" | "@" };

export interface Unfinished {
  readonly program: Program;
  readonly commands: readonly Command[];
  /** The last one, which may be empty, is completed. */
  readonly words: readonly string[];
}

export interface Typed {
  readonly command: Command | undefined;
  readonly positional: readonly string[];
  readonly flags: ReadonlyMap<SettingName, string | true>;
  /** The setting whose value comes next. */
  readonly pending: SettingName | undefined;
  /** After `--`. */
  readonly ended: boolean;
}

const nothing: Wanted = { kind: "names", names: [] };

export function findWanted({ program, commands, words }: Unfinished): Wanted {
  const own = commands.filter(({ programs }) => programs.includes(program));
  const current = words.at(-1) ?? "";
  if (words.length <= 1) {
    const verbs: readonly Candidate[] = own.map(({ name, summary }) => ({ name, about: summary }));
    return names([...verbs, ...flagsOf(["help", "version"], current)]);
  }
  const typed = readWords(own, words.slice(0, -1));
  if (typed.command === undefined) return nothing;
  if (typed.pending !== undefined) return valueOf(typed.pending, "");
  if (typed.ended || !current.startsWith("-")) return argumentOf(typed, current, own);
  const [flag = "", value] = current.split("=", 2);
  const setting = flag.slice(2);
  if (value !== undefined) return isSetting(setting) ? valueOf(setting, `${flag}=`) : nothing;
  return names(flagsOf([...typed.command.settings.filter((name) => isOpen(name, typed)), "help"], current));
}

/** What was typed before the word that is completed. */
export function readWords(commands: readonly Command[], [first = "", ...words]: readonly string[]): Typed {
  const command = commands.find(({ name }) => name === first);
  const positional: string[] = [];
  const flags = new Map<SettingName, string | true>();
  let pending: SettingName | undefined;
  let ended = false;
  for (const word of words) {
    const [flag = "", value] = word.split("=", 2);
    const setting = flag.slice(2);
    if (pending !== undefined) {
      flags.set(pending, word);
      pending = undefined;
    } else if (ended || !word.startsWith("-") || word === "-") positional.push(word);
    else if (word === "--") ended = true;
    else if (flag.startsWith("--") && isSetting(setting)) {
      if (value === undefined && takesValue(setting)) pending = setting;
      else flags.set(setting, value ?? true);
    }
  }
  return { command, positional, flags, pending, ended };
}

function isSetting(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

function takesValue(name: SettingName): boolean {
  const { kind } = settings[name];
  return kind !== "switch" && !isOptional(kind);
}

/** A secret has no flag, and only a list is given twice. */
function isOpen(name: SettingName, { flags }: Typed): boolean {
  const { kind } = settings[name];
  return kind !== "secret" && (kind === "list" || !flags.has(name));
}

function names(all: readonly Candidate[]): Wanted {
  return { kind: "names", names: all };
}

function flagsOf(all: readonly string[], current: string): readonly Candidate[] {
  if (!current.startsWith("-")) return [];
  return all.map((name) => ({ name: `--${name}`, ...(isSetting(name) ? { about: settings[name].summary } : {}) }));
}

function valueOf(name: SettingName, sign: string): Wanted {
  const { choices, needs }: Setting = settings[name];
  if (choices !== undefined) return names(choices.map((choice) => ({ name: `${sign}${choice}` })));
  if (sign !== "") return nothing;
  if (needs === "directory" || name === "repositories-root") return { kind: "directories" };
  return needs === undefined ? nothing : { kind: "files" };
}

function argumentOf({ command, positional }: Typed, current: string, commands: readonly Command[]): Wanted {
  const wanted = command?.arguments.split(" ") ?? [];
  const last = wanted.at(-1) ?? "";
  const word = wanted[positional.length] ?? (last.includes("...") ? last : "");
  if (/[<|-]repo>/.test(word)) return { kind: "repositories" };
  const sign = word.includes("@target") && current.startsWith("@") ? "@" : "";
  if (sign !== "" || /[<[]target/.test(word)) return { kind: "targets", repo: positional[0] ?? "", sign };
  if (/file|json|pub\b|place|directory/.test(word)) return { kind: "files" };
  if (word === "<run|status>") return names([{ name: "run" }, { name: "status" }]);
  if (word === "<shell>") return names([...scripts.keys()].map((name) => ({ name })));
  if (!word.includes("command")) return nothing;
  return /^[A-Z]/.test(current)
    ? { kind: "codes" }
    : names(commands.map(({ name, summary }) => ({ name, about: summary })));
}
