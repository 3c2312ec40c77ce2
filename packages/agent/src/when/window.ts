/** Hours of a day in which versions may be installed by themselves. */
import { AgentError } from "../errors.ts";

export interface DayWindow {
  /** `HH:MM`, from `00:00` to `23:59`. */
  readonly from: string;
  /** `HH:MM`; earlier than `from`: on the next day. */
  readonly to: string;
  /** Default: `local`, the time zone of the machine. */
  readonly zone?: "local" | "utc" | undefined;
}

const minutesOfDay = 24 * 60;
const time = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** @throws AgentError AGENT_WINDOW_INVALID */
export function verifyWindow(window: DayWindow): void {
  if (minutesOf(window.from) !== minutesOf(window.to)) return;
  throw new AgentError("AGENT_WINDOW_INVALID", `a window from ${window.from} to ${window.to} has no end`, {
    details: { from: window.from, to: window.to },
  });
}

/** The next opening; undefined if the window is open. */
export function findOpening(window: DayWindow, now: Date): Date | undefined {
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)];
  const isUtc = window.zone === "utc";
  const [hours, minutes] = isUtc ? [now.getUTCHours(), now.getUTCMinutes()] : [now.getHours(), now.getMinutes()];
  const passed = (hours * 60 + minutes - from + minutesOfDay) % minutesOfDay;
  if (passed < (to - from + minutesOfDay) % minutesOfDay) return undefined;
  const opening = new Date(now);
  // The calendar is asked, so a day of 23 or 25 hours counts as one.
  const days = hours * 60 + minutes < from ? 0 : 1;
  if (isUtc) {
    opening.setUTCDate(now.getUTCDate() + days);
    opening.setUTCHours(Math.floor(from / 60), from % 60, 0, 0);
  } else {
    opening.setDate(now.getDate() + days);
    opening.setHours(Math.floor(from / 60), from % 60, 0, 0);
  }
  return opening;
}

function minutesOf(text: string): number {
  const [, hours, minutes] = time.exec(text) ?? [];
  if (hours !== undefined && minutes !== undefined) return Number(hours) * 60 + Number(minutes);
  throw new AgentError("AGENT_WINDOW_INVALID", `a time of a window is HH:MM, such as 02:30, got ${text.slice(0, 20)}`, {
    details: { got: text.slice(0, 20) },
  });
}
