/**
 * The values given, from flags and variables. Every setting that a command lists is parsed before the command runs: a
 * wrong value is a usage error that names the flag or the variable which was given.
 */
import { redactPlace } from "@dtuf/registry/escape";
import { isOptional } from "./setting-kinds.ts";
import { parseDurationMs } from "../grammar/duration.ts";
import type { Environment } from "../io.ts";
import { settings, variableOf, type Setting, type SettingName } from "./settings.ts";
import { UsageError } from "../usage.ts";

/** A setting not given is absent. */
export interface Values {
  text(name: SettingName): string | undefined;
  list(name: SettingName): readonly string[];
  on(name: SettingName): boolean;
  /** Of a count. */
  count(name: SettingName): number | undefined;
  /** Of a duration. */
  durationMs(name: SettingName): number | undefined;
  /** Where the value comes from. */
  origin(name: SettingName): "flag" | "variable";
  /** `--within`, or `DTUF_WITHIN` if that is what was given: for errors. */
  given(name: SettingName): string;
}

export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export function readSettings(flags: Flags, env: Environment, prefix: string): Values {
  const variable = (name: SettingName): string | undefined => env[variableOf(name, prefix)];
  const origin = (name: SettingName): "flag" | "variable" => {
    const isVariable = flags[name] === undefined && variable(name) !== undefined;
    return isVariable || settings[name].kind === "secret" ? "variable" : "flag";
  };
  const given = (name: SettingName): string => (origin(name) === "variable" ? variableOf(name, prefix) : `--${name}`);
  const text = (name: SettingName): string | undefined => {
    const flag = flags[name];
    return typeof flag === "string" ? flag : variable(name);
  };
  const number = (name: SettingName): number | undefined => {
    const value = text(name);
    if (value === undefined || value === "" || (isOptional(settings[name].kind) && isSwitch(value))) {
      return undefined;
    }
    return parseNumber(settings[name], value, given(name));
  };
  return {
    text,
    origin,
    given,
    list: (name) => {
      const flag = flags[name];
      if (Array.isArray(flag)) return flag as readonly string[];
      const value = variable(name);
      return value === undefined || value === "" ? [] : value.split("\n");
    },
    on: (name) => {
      if (!isOptional(settings[name].kind)) {
        return flags[name] === true || (flags[name] === undefined && variable(name) === "1");
      }
      return flags[name] === true || !["", "0"].includes(text(name) ?? "");
    },
    count: number,
    durationMs: number,
  };
}

/** @throws UsageError for the first of `names` with a wrong value */
export function verifySettings(values: Values, names: readonly SettingName[]): void {
  for (const name of names) {
    const setting: Setting = settings[name];
    const elements = setting.kind === "list" ? values.list(name) : [values.text(name) ?? ""];
    for (const value of elements) if (value !== "") verifyValue(setting, value, values.given(name));
  }
}

function isSwitch(value: string): boolean {
  return value === "0" || value === "1";
}

function verifyValue(setting: Setting, value: string, given: string): void {
  const { kind, choices, grammar } = setting;
  if (kind === "count" || kind === "duration" || (isOptional(kind) && !isSwitch(value))) {
    parseNumber(setting, value, given);
  } else if (kind === "switch" && !isSwitch(value)) {
    throw wrong(given, "1 or 0", value);
  } else if (choices !== undefined && !choices.includes(value)) {
    throw wrong(given, `one of ${choices.join(", ")}`, value);
  } else if (grammar !== undefined && !grammar.test(value)) {
    throw wrong(given, grammar.wanted, grammar.shown === "show" ? redactPlace(value) : undefined);
  }
}

function parseNumber({ kind, bounds }: Setting, value: string, given: string): number {
  if (kind !== "count" && kind !== "optional-count") return parseDurationMs(value, given, bounds);
  const { least, most } = bounds ?? { least: 0, most: Number.MAX_SAFE_INTEGER };
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  throw wrong(given, `a whole number from ${least} to ${most}`, value);
}

function wrong(given: string, wanted: string, got: string | undefined): UsageError {
  return new UsageError(`${given}: wanted ${wanted}${got === undefined ? "" : `; got ${JSON.stringify(got)}`}`);
}
