/** What a command is: an entry of the table, and a module that is loaded when it is called. */
import type { Io } from "./io.ts";
import type { Mode } from "./settings/modes.ts";
import type { Screen } from "./screen/screen.ts";
import type { SettingName } from "./settings/settings.ts";
import type { Terminal } from "./terminal.ts";
import type { Values } from "./settings/values.ts";

export type Program = "dtuf" | "dxf";

/** The exit statuses; their meanings never change. */
export type ExitStatus = 0 | 1 | 2 | 3 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 13 | 130;

export interface Context {
  readonly io: Io;
  readonly program: Program;
  readonly values: Values;
  readonly terminal: Terminal;
  /** Of the `io` above. */
  readonly screen: Screen;
  readonly interruption: Interruption;
  /** All of the program's. */
  readonly groups: CommandGroups;
  /** `DTUF_HOST` or `DXF_HOST`, as errors and notes name it. */
  readonly variable: (setting: SettingName) => string;
}

/** How far a transfer came that was interrupted: what the same command need not move again. */
export interface Kept {
  readonly bytes: number;
  /** Undefined if it is not known. */
  readonly totalBytes: number | undefined;
  /** Of files that were under way: a registry keeps nothing of a file that it does not have whole. */
  readonly sentInVain?: number;
}

/** Set by commands that move bytes, as soon as they know. */
export interface Interruption {
  findKept?: () => Promise<Kept>;
}

/** Runs a command. Resolves to the exit status; nothing means 0. */
export type Run = (context: Context, args: readonly string[]) => Promise<ExitStatus | void>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** As commander writes them: `<repo> <target> <parts...>`. */
  readonly arguments: string;
  readonly settings: readonly SettingName[];
  /** Of settings that mean something of their own to this command. */
  readonly meanings?: Readonly<Partial<Record<SettingName, string>>>;
  readonly modes: readonly Mode[];
  readonly programs: readonly Program[];
  /** What the help adds: the smallest useful one first. */
  readonly examples: readonly string[];
  readonly load: () => Promise<Run>;
}

/** The groups in which the help lists the commands. */
export type CommandGroups = ReadonlyMap<string, readonly Command[]>;
