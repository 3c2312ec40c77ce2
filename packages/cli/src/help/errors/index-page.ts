/** docs/errors.md, and what `help CODE` prints without a network. */
import { exitStatusOf, listExitStatuses, type ErrorCode } from "../../context/exit-status.ts";
import type { UsageCode } from "../../context/usage.ts";
import { agentErrors, agentUsageErrors } from "./agent.ts";
import { copyErrors } from "./copy.ts";
import { deltaErrors } from "./delta.ts";
import { noRisk, type ErrorEntries, type ErrorEntry } from "./entry.ts";
import { fileErrors, formatErrors } from "./files.ts";
import { masterErrors } from "./master.ts";
import { mirrorErrors } from "./mirror.ts";
import { registryErrors } from "./registry.ts";
import { signerErrors } from "./signers.ts";
import { tufErrors } from "./tuf.ts";

const own: ErrorEntries<UsageCode | "INTERNAL"> = {
  USAGE: {
    cause: "A word on the command line or a variable is wrong; the message names it.",
    risk: noRisk,
    mend: "`dtuf help COMMAND` shows what the command takes; docs/commands.md has all.",
  },
  ...agentUsageErrors,
  INTERNAL: {
    cause: "A fault of the program: something happened that it does not expect.",
    risk: "Files and trust are written by steps that hold at any moment, so the old state or the new one is there.",
    mend: "Report it with the lines that were printed; `dtuf --version` and the command belong to it.",
  },
};

/** By what they are about, in the order of the page. */
const chapters: ReadonlyMap<string, ErrorEntries<string>> = new Map<string, ErrorEntries<string>>([
  ["The command line", own],
  ["Verification (TUF)", tufErrors],
  ["Pulling", copyErrors],
  ["Publishing", masterErrors],
  ["Installing", agentErrors],
  ["Signers", signerErrors],
  ["Mirroring", mirrorErrors],
  ["Registries", registryErrors],
  ["The format", formatErrors],
  ["Local files", fileErrors],
]);

// The type holds the table complete: a code without an entry does not compile.
const entries: Readonly<Record<ErrorCode | "INTERNAL", ErrorEntry>> = {
  ...own,
  ...tufErrors,
  ...copyErrors,
  ...deltaErrors,
  ...agentErrors,
  ...masterErrors,
  ...signerErrors,
  ...mirrorErrors,
  ...registryErrors,
  ...formatErrors,
  ...fileErrors,
};

export function findErrorEntry(code: string): ErrorEntry | undefined {
  return Object.hasOwn(entries, code) ? entries[code as ErrorCode] : undefined;
}

export function listErrorCodes(): readonly string[] {
  return Object.keys(entries);
}

/** The parts of an entry with their names, as `help CODE` prints them. */
export function describeErrorCode(code: string, { cause, risk, mend }: ErrorEntry): readonly (readonly string[])[] {
  return [
    ["cause", cause],
    ["risk", risk],
    ["mend", mend],
    ["exit status", String(exitStatusOf(code))],
    ["page", `docs/errors.md#${code.toLowerCase()}, in the documents`],
  ];
}

export function createErrorPage(): string {
  return `${[...introduction, ...[...chapters].flatMap(([title, all]) => chapterLines(title, all))].join("\n")}\n`;
}

const introduction: readonly string[] = [
  "# Errors",
  "",
  "Made from the program's own tables; `pnpm reference` writes it. `dtuf help CODE` prints an entry without a network. An error's first line says what failed,",
  "on which thing, what was wanted and what was found, and ends with its code. The codes and the exit statuses are stable, the messages are not.",
  `Interrupted by Ctrl-C or a signal, a command ends with 130 and has no code. Statuses in use: ${[...listExitStatuses().keys()].toSorted((a, b) => a - b).join(", ")};`,
  "[commands.md](commands.md#exit-statuses) says what each means.",
  "",
];

function chapterLines(title: string, all: ErrorEntries<string>): readonly string[] {
  const codes = Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [`## ${title}`, "", ...codes.flatMap(([code, entry]) => entryLines(code, entry))];
}

function entryLines(code: string, { cause, risk, mend }: ErrorEntry): readonly string[] {
  return [
    `### ${code}`,
    "",
    `- Cause: ${cause}`,
    `- Risk: ${risk}`,
    `- Mend: ${mend}`,
    `- Exit status: ${exitStatusOf(code)}`,
    "",
  ];
}
