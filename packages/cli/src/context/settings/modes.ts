/** A command that works in more ways than one says which of its settings mean nothing in which of them. */
import { isOptional } from "./setting-kinds.ts";
import { settings, type SettingName } from "./settings.ts";
import { UsageError } from "../usage.ts";
import type { Values } from "./values.ts";

export interface Mode {
  /** As errors and the documents say it: `with --tuf`, `without --output`. */
  readonly name: string;
  readonly when: (values: Values, args: readonly string[]) => boolean;
  /** Settings of the command that are a usage error in this mode. All others have their effect in it. */
  readonly refuses: readonly SettingName[];
}

export interface Given {
  readonly values: Values;
  readonly args: readonly string[];
}

/** While the setting is given, and not as "off". */
export function withSetting(name: SettingName, refuses: readonly SettingName[]): Mode {
  return { name: `with --${name}`, when: (values) => isGiven(values, name), refuses };
}

export function withoutSetting(name: SettingName, refuses: readonly SettingName[]): Mode {
  return { name: `without --${name}`, when: (values) => !isGiven(values, name), refuses };
}

/**
 * @param ambient settings whose variables are for every command of an environment: only their flags are refused
 * @throws UsageError for a setting that a mode refuses
 */
export function verifyModes(modes: readonly Mode[], given: Given, ambient: ReadonlySet<SettingName>): void {
  const { values, args } = given;
  for (const { name, refuses } of modes.filter(({ when }) => when(values, args))) {
    const refused = refuses.find(
      (each) => isGiven(values, each) && !(ambient.has(each) && values.origin(each) === "variable"),
    );
    if (refused !== undefined) throw new UsageError(`${values.given(refused)} has no meaning ${name}`);
  }
}

export function isGiven(values: Values, name: SettingName): boolean {
  const { kind } = settings[name];
  if (kind === "switch" || isOptional(kind)) return values.on(name);
  return kind === "list" ? values.list(name).length > 0 : (values.text(name) ?? "") !== "";
}
