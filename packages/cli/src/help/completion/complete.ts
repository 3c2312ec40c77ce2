/**
 * The hidden command `__complete SHELL WORD...`: what may stand where the last word does. Names of targets come from
 * registries: those with characters that a line or a terminal takes for more than text, or that look like an option, are
 * left out, and the others are quoted.
 */
import type { CommandGroups, Context, Program } from "../../context/command.ts";
import type { Io, Output } from "../../context/io.ts";
import { createScreen } from "../../context/screen/screen.ts";
import { variableOf } from "../../context/settings/settings.ts";
import { createTerminal } from "../../context/terminal.ts";
import { readSettings } from "../../context/settings/values.ts";
import { listKnownRepositories } from "../../connection/known-repositories.ts";
import { listKnownTargets } from "./known-names.ts";
import { quoteForBash, readShellLine } from "./shell-words.ts";
import { findWanted, readWords, type Candidate, type Wanted } from "./wanted.ts";

/** More help nobody to choose. */
const namesMost = 1000;

interface Asked {
  readonly words: readonly string[];
  /** How a candidate is written, or undefined if it cannot be. */
  readonly write: (candidate: Candidate) => string | undefined;
}

interface World {
  readonly program: Program;
  readonly prefix: string;
  readonly groups: CommandGroups;
}

/** Never throws: a shell's prompt is no place for an error. */
export async function complete(io: Io, world: World): Promise<void> {
  const asked = readRequest(io.argv.slice(1));
  const commands = [...world.groups.values()].flat();
  const wanted = findWanted({ program: world.program, commands, words: asked.words });
  if (wanted.kind === "files" || wanted.kind === "directories") return io.stdout.write(`${wanted.kind}\n`);
  const found = await listCandidates(wanted, createContext(io, asked, world)).catch(() => []);
  const current = asked.words.at(-1) ?? "";
  const lines = found.filter(({ name }) => name.startsWith(current) && isHarmless(name, current)).slice(0, namesMost);
  await io.stdout.write(`${["names", ...lines.flatMap((each) => asked.write(each) ?? [])].join("\n")}\n`);
}

function readRequest([shell = "", ...words]: readonly string[]): Asked {
  const described = ({ name, about }: Candidate): string => (about === undefined ? name : `${name}\t${about}`);
  if (shell === "bash") {
    const [line = "", rest = ""] = words;
    const { words: all, typed } = readShellLine(line);
    return { words: all.slice(1), write: ({ name }) => quoteForBash(name, { typed, rest }) };
  }
  if (shell !== "powershell") return { words, write: described };
  // PowerShell takes curly quotes for straight ones.
  return {
    words: [...words.slice(0, -1), (words.at(-1) ?? "").replace(/^=/, "")],
    write: (candidate) => (/[\u2018-\u201F]/.test(candidate.name) ? undefined : described(candidate)),
  };
}

function isHarmless(name: string, current: string): boolean {
  return !/\p{C}|\p{Zl}|\p{Zp}/u.test(name) && (current.startsWith("-") || !name.startsWith("-"));
}

async function listCandidates(wanted: Wanted, context: Context): Promise<readonly Candidate[]> {
  if (wanted.kind === "names") return wanted.names;
  if (wanted.kind === "repositories") return named(await listKnownRepositories(context));
  if (wanted.kind === "targets") {
    return named([...(await listKnownTargets(context, wanted.repo))].map((name) => `${wanted.sign}${name}`));
  }
  return wanted.kind === "codes" ? named((await import("../errors/index-page.ts")).listErrorCodes()) : [];
}

function named(names: readonly string[]): readonly Candidate[] {
  return names.map((name) => ({ name }));
}

const silent: Output = { terminal: "pipe", columns: 80, rows: 24, write: () => Promise.resolve() };

/** As a command would have it, and nothing that it says is shown. */
function createContext(io: Io, { words }: Asked, { program, prefix, groups }: World): Context {
  const { flags } = readWords([...groups.values()].flat(), words.slice(0, -1));
  const quiet: Io = { ...io, stdout: silent, stderr: silent, ask: undefined, askSecret: undefined };
  const values = readSettings({ ...Object.fromEntries(flags), "log-file": "" }, io.env, prefix);
  const terminal = createTerminal(program, quiet, values);
  const variable: Context["variable"] = (setting) => variableOf(setting, prefix);
  return { io: quiet, program, values, terminal, groups, variable, screen: createScreen(quiet), interruption: {} };
}
