/**
 * The rules of output. stdout is data, stderr is talk. Talk has the program's name before it, no capital at its
 * beginning and no full stop at its end. Text that came from elsewhere is escaped. With `--json` an error is one JSON
 * document on stderr. A reader of stdout that goes away (`| head`) ends the output quietly.
 */
import { freeing } from "@dtuf/registry";
import { escapeText } from "@dtuf/registry/escape";
import type { Io } from "./io.ts";
import { encodeJson } from "./json.ts";
import { openLog, type LogLevel } from "./log.ts";
import { showTalk } from "./screen/show-text.ts";
import type { Values } from "./settings/values.ts";

export interface Terminal {
  /** A line of data. */
  print(line: string): Promise<void>;
  /** A line that holds a name from elsewhere, escaped, so that it is one line; with `--null` the name as it is, and a NUL. */
  printName(name: string): Promise<void>;
  /** A line for each value as it comes, objects as JSON; with `--json` one document at the end, the values under `name`. */
  printEach(name: string, values: AsyncIterable<unknown> | Iterable<unknown>): Promise<void>;
  /** Maps become objects. */
  printJson(value: object): Promise<void>;
  writeBytes(bytes: Uint8Array): Promise<void>;
  /** Content, chunk by chunk: the next one is asked for when the system has taken the one before. */
  writeStream(content: AsyncIterable<Uint8Array>): Promise<void>;
  /** What was done: one line of talk that a person wants to read at the end of a command, unless `--quiet`. */
  report(text: string): void;
  /** Talk. */
  note(text: string, level?: LogLevel): void;
  /** Writes only to the log file, if there is one. */
  log(level: LogLevel, text: string): void;
  readonly format: "text" | "json";
}

/** The output as a whole is versioned, so that a script can tell. */
const schemaVersion = 1;

export function createTerminal(program: string, io: Io, values: Values): Terminal {
  const log = openLog(io, values);
  const quiet = values.on("quiet");
  const format = values.on("json") ? "json" : "text";
  const write = (chunk: string | Uint8Array): Promise<void> => io.stdout.write(chunk);
  const printName = (name: string): Promise<void> => write(values.on("null") ? `${name}\0` : `${escapeText(name)}\n`);
  const printJson = (value: object): Promise<void> => write(`${encodeJson({ schemaVersion, ...value }, 2)}\n`);
  return {
    format,
    print: (line) => write(`${line}\n`),
    printName,
    printJson,
    async printEach(name, items) {
      if (format === "json") return printJson({ [name]: await Array.fromAsync(items) });
      for await (const item of items) await printName(typeof item === "string" ? item : encodeJson(item));
    },
    writeBytes: write,
    async writeStream(content) {
      for await (const chunk of freeing(content)) await write(chunk);
    },
    log: (level, text) => log(level, escapeText(text)),
    report: (text) => {
      const line = escapeText(text);
      log("INFO", line);
      if (!quiet) void io.stderr.write(`${program}: ${showTalk(text, io)}\n`);
    },
    note: (text, level = "WARNING") => {
      const line = escapeText(text);
      log(level, line);
      if (!quiet && log.showsOnConsole(level)) void io.stderr.write(`${program}: ${showTalk(text, io)}\n`);
    },
  };
}
