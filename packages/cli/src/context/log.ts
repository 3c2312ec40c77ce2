/** The log file that DTUF_LOG_FILE asks for, and which levels are shown. There is none unless asked for. */
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { escapeText } from "@dtuf/registry/escape";
import type { Io } from "./io.ts";
import type { Values } from "./settings/values.ts";

export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

const rank: Readonly<Record<LogLevel, number>> = { DEBUG: 10, INFO: 20, WARNING: 30, ERROR: 40, CRITICAL: 50 };

export interface Log {
  (level: LogLevel, line: string): void;
  showsOnConsole(level: LogLevel): boolean;
}

/** Python dtuf's level names; anything else counts as WARNING, its default. */
export function openLog(io: Io, values: Values): Log {
  const threshold = (name: "file-log-level" | "console-log-level"): number => {
    const level = values.text(name) ?? "WARNING";
    return Object.hasOwn(rank, level) ? rank[level as LogLevel] : rank.WARNING;
  };
  let file = values.text("log-file") || undefined;
  const [fileLevel, consoleLevel] = [threshold("file-log-level"), threshold("console-log-level")];
  const log = (level: LogLevel, line: string): void => {
    if (file === undefined || rank[level] < fileLevel) return;
    const path = resolve(io.cwd, file);
    try {
      append(path, `${io.now().toISOString()} ${level} ${line}\n`);
    } catch (error) {
      // The log is not the work: a full disk or a missing directory ends it, and that is said once.
      file = undefined;
      const why = escapeText(error instanceof Error ? error.message : String(error));
      void io.stderr.write(`cannot write ${values.given("log-file")}: ${why}\n`);
    }
  };
  return Object.assign(log, { showsOnConsole: (level: LogLevel) => rank[level] >= consoleLevel });
}

/** Opened without waiting, because a pipe that nobody reads would hold the program up, deaf to signals. */
function append(path: string, line: string): void {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  const file = openSync(path, O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY, 0o600);
  try {
    writeFileSync(file, line);
  } finally {
    closeSync(file);
  }
}
