import parseDuration from "parse-duration";
import { UsageError } from "../usage.ts";

/** dtuf's months and years, in the units of its own defaults: a month is 30.44 days. */
const hoursMinutes = /^(?:(\d+):)?(\d{1,2}):(\d{2})$/;
/** Numbers, each with its unit. */
const numbersWithUnits = /^(?:\d+(?:\.\d+)?\s*\p{L}+[\s,]*)+$/u;
const unit = /\p{L}+/gu;

export interface DurationBounds {
  readonly least: number;
  readonly most: number;
}

/** What timers and dates of JavaScript can hold is far more. */
const widest: DurationBounds = { least: 1, most: 1000 * 366 * 86_400_000 };

/** Whether a word can only be meant as a duration. */
export function isDurationLike(text: string): boolean {
  return hoursMinutes.test(text.trim()) || numbersWithUnits.test(text.trim());
}

/**
 * `1s`, `2 weeks`, `1d`, `1h30m`, `3 months`, `4:13`, `1:02:03`: milliseconds.
 * @param given the flag or the variable that the text came from
 * @param bounds in milliseconds
 * @throws UsageError for a number without a unit, for text that is not a duration, and for a duration outside the bounds
 */
export function parseDurationMs(text: string, given: string, bounds: DurationBounds = widest): number {
  const trimmed = text.trim();
  const got = JSON.stringify(text);
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) {
    throw new UsageError(
      `${given}: wanted a duration with its unit; got ${got}`,
      `write ${trimmed}s for seconds or ${trimmed}d for days`,
    );
  }
  const ms = clockMs(trimmed) ?? unitsMs(trimmed);
  if (ms === undefined || !Number.isFinite(ms) || ms <= 0) {
    throw new UsageError(`${given}: wanted a duration such as 1d or 2 weeks; got ${got}`);
  }
  if (ms < bounds.least) throw new UsageError(`${given}: wanted ${encodeDuration(bounds.least)} or more; got ${got}`);
  if (ms > bounds.most) throw new UsageError(`${given}: wanted ${encodeDuration(bounds.most)} or less; got ${got}`);
  return Math.round(ms);
}

function clockMs(text: string): number | undefined {
  const [found, hours = "0", minutes, seconds] = hoursMinutes.exec(text) ?? [];
  return found === undefined ? undefined : (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
}

/** The library passes over words that it does not know, hence the look at each unit. */
function unitsMs(text: string): number | undefined {
  const isKnown = (name: string): boolean => parseDuration(`1${name}`) !== null;
  if (!numbersWithUnits.test(text) || ![...text.matchAll(unit)].every(([name]) => isKnown(name))) return undefined;
  return parseDuration(text) ?? undefined;
}

/** `90m`, `1d`: as the grammar reads it. */
export function encodeDuration(ms: number): string {
  const [size, name] = (
    [
      [86_400_000, "d"],
      [3_600_000, "h"],
      [60_000, "m"],
      [1000, "s"],
    ] as const
  ).find(([each]) => ms % each === 0) ?? [1, "ms"];
  return `${ms / size}${name}`;
}
