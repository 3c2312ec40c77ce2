import parseDuration from "parse-duration";
import { UsageError } from "./usage.ts";

/** dtuf's months and years, in the units of its own defaults: a month is 30.44 days. */
const hoursMinutes = /^\s*(?:(\d+):)?(\d{1,2}):(\d{2})\s*$/;

/**
 * `1s`, `2 weeks`, `1d`, `1h30m`, `3 months`, `4:13`, `1:02:03`: milliseconds.
 * @throws UsageError
 */
export function parseDurationMs(text: string, name: string): number {
  const clock = hoursMinutes.exec(text);
  const ms =
    clock === null
      ? parseDuration(text)
      : (Number(clock[1] ?? 0) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1000;
  if (typeof ms === "number" && Number.isFinite(ms) && ms > 0) return Math.round(ms);
  throw new UsageError(`${name}: wanted a duration such as 1d or 2 weeks; got ${JSON.stringify(text)}`);
}
