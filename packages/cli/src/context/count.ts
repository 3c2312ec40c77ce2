import type { SettingName, Values } from "./settings.ts";
import { UsageError } from "./usage.ts";

/** A whole number from 1. @throws UsageError */
export function parseCount(values: Values, name: SettingName): number | undefined {
  const text = values.text(name);
  if (text === undefined || text === "") return undefined;
  if (!/^[1-9][0-9]{0,3}$/.test(text)) {
    throw new UsageError(`--${name}: wanted a whole number from 1 to 9999; got ${JSON.stringify(text)}`);
  }
  return Number(text);
}
