/** The settings of `dtuf agent run`: JSON or YAML, read strictly. docs/agent.md describes each key. */
import { dirname, isAbsolute, resolve } from "node:path";
import type { AgentPolicy, InstallPlace, ReleasePlatform } from "@dtuf/agent";
import { parsePlatform, parseReleaseVersion, parseReleaseWord } from "@dtuf/agent/release";
import { parseDurationMs } from "../../context/grammar/duration.ts";
import {
  parseField,
  readChoice,
  readConfigFile,
  readCount,
  readFields,
  readItems,
  readText,
  readTextOrNumber,
  refuse,
  requireField,
  type Field,
  type Fields,
} from "./config-reader.ts";

/** How far an update goes by itself. */
export type Automatic = "check" | "stage" | "apply";

/** A program and its words. No shell reads it. */
export type ProgramLine = readonly [string, ...string[]];

export interface AgentConfig {
  /** As `<repo>` of every command. */
  readonly repository: string;
  /** File of the root that is pinned if nothing is. */
  readonly root: string | undefined;
  readonly mirrors: readonly string[];
  readonly name: string;
  readonly directory: string;
  readonly install: InstallPlace;
  readonly installedVersion: string | undefined;
  readonly channels: readonly string[] | undefined;
  readonly platform: ReleasePlatform | undefined;
  /** Default: `apply`, and `check` if a program gives the commands. */
  readonly automatic: Automatic | undefined;
  readonly everyMs: number;
  readonly cooldownMs: number | undefined;
  readonly stallMs: number | undefined;
  readonly startsMax: number | undefined;
  readonly window: AgentPolicy["window"];
  readonly programs: AgentPrograms;
  readonly programMs: number;
  /** Directory of the file: relative paths begin here, and the programs run here. */
  readonly base: string;
}

/** Each is optional. */
export interface AgentPrograms {
  /** Status 0: the version is healthy. */
  readonly health: ProgramLine | undefined;
  /** Started each time that another version was installed. */
  readonly restart: ProgramLine | undefined;
  /** Status 0: the network is metered. */
  readonly metered: ProgramLine | undefined;
  /** Status 0: the machine runs on its battery. */
  readonly battery: ProgramLine | undefined;
}

const programNames = ["health", "restart", "metered", "battery"] as const;

/** In the order of docs/agent.md. */
export const configKeys = [
  ...["repository", "root", "mirrors", "name", "directory", "install", "installedVersion", "channels", "platform"],
  ...["automatic", "every", "cooldown", "stall", "startsMax", "window", ...programNames, "programTimeout"],
] as const;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const defaultEveryMs = 6 * 60 * minuteMs;

/** @param file name for errors; `directory` is what relative paths begin with. @throws AgentUsageError AGENT_CONFIG_INVALID */
export function parseAgentConfig(bytes: Uint8Array, file: string, directory: string): AgentConfig {
  const whole = readConfigFile(bytes, file);
  const fields = readFields(whole, configKeys);
  const need = (name: (typeof configKeys)[number]): Field => requireField(fields, name, whole);
  const read = createOptionalReader(fields);
  const path = (text: string): string => resolve(directory, text);
  const place = (text: string): string => text.replace(/^oci:(.+)/, (_all, layout: string) => `oci:${path(layout)}`);
  const duration = (name: string, least: number): number | undefined =>
    read(name, (field) => {
      const parse = (text: string): number => parseDurationMs(text, name, { least, most: 366 * dayMs });
      return parseField(field, parse, readTextOrNumber(field));
    });
  return {
    repository: place(readText(need("repository"))),
    root: read("root", (field) => path(readText(field))),
    mirrors: read("mirrors", (field) => readItems(field).map((each) => place(readText(each)))) ?? [],
    name: parseField(need("name"), (text) => parseReleaseWord(text, "name")),
    directory: path(readText(need("directory"))),
    install: parseInstall(need("install"), path),
    installedVersion: read("installedVersion", (field) => parseField(field, parseReleaseVersion)),
    channels: read("channels", parseChannels),
    platform: read("platform", (field) => parseField(field, parsePlatform)),
    automatic: read("automatic", (field) => readChoice(field, ["check", "stage", "apply"])),
    everyMs: duration("every", 1000) ?? defaultEveryMs,
    cooldownMs: duration("cooldown", 1000),
    stallMs: duration("stall", 1000),
    startsMax: read("startsMax", (field) => readCount(field, { least: 1, most: 1000 })),
    window: read("window", parseWindow),
    programs: parsePrograms(read, directory),
    programMs: duration("programTimeout", 1) ?? minuteMs,
    base: directory,
  };
}

type OptionalReader = <Value>(name: string, parse: (field: Field) => Value) => Value | undefined;

function createOptionalReader(fields: Fields): OptionalReader {
  return (name, parse) => {
    const field = fields.get(name);
    return field === undefined ? undefined : parse(field);
  };
}

function parseInstall(field: Field, path: (text: string) => string): InstallPlace {
  const ofFile = ["kind", "path"];
  const ofArchive = ["kind", "directory", "unpackedMaxBytes", "entriesMax"];
  const kinds = readFields(field, [...new Set([...ofFile, ...ofArchive])]);
  const kind = readChoice(requireField(kinds, "kind", field), ["file", "executable", "archive"]);
  const fields = readFields(field, kind === "archive" ? ofArchive : ofFile);
  if (kind !== "archive") return { kind, path: path(readText(requireField(fields, "path", field))) };
  const read = createOptionalReader(fields);
  const limit = (name: string): number | undefined =>
    read(name, (each) => readCount(each, { least: 1, most: Number.MAX_SAFE_INTEGER }));
  const [unpackedMaxBytes, entriesMax] = [limit("unpackedMaxBytes"), limit("entriesMax")];
  return {
    kind,
    directory: path(readText(requireField(fields, "directory", field))),
    ...(unpackedMaxBytes === undefined ? {} : { unpackedMaxBytes }),
    ...(entriesMax === undefined ? {} : { entriesMax }),
  };
}

function parseChannels(field: Field): readonly string[] {
  return readItems(field).map((each) => parseField(each, (text) => parseReleaseWord(text, "channel")));
}

const windowForm = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)( UTC)?$/;

function parseWindow(field: Field): AgentPolicy["window"] {
  const text = readText(field);
  const [, from, to, zone] = windowForm.exec(text) ?? [];
  if (from === undefined || to === undefined || from === to) {
    throw refuse(
      field,
      `wanted hours of a day such as "22:00-05:30", or "22:00-05:30 UTC"; got ${JSON.stringify(text)}`,
    );
  }
  return { from, to, zone: zone === undefined ? "local" : "utc" };
}

function parsePrograms(read: OptionalReader, directory: string): AgentPrograms {
  const line = (name: (typeof programNames)[number]): ProgramLine | undefined =>
    read(name, (field) => {
      const [program = "", ...words] = readItems(field).map(readText);
      // A name without a slash is looked for in PATH.
      return [/[\\/]/.test(program) && !isAbsolute(program) ? resolve(directory, program) : program, ...words];
    });
  return { health: line("health"), restart: line("restart"), metered: line("metered"), battery: line("battery") };
}

/** What relative paths of a file begin with. */
export function baseOf(cwd: string, file: string): string {
  return file === "-" ? cwd : dirname(resolve(cwd, file));
}
