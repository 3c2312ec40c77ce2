/** Instants and lengths in the page's words. The page says everything in UTC and in distances from its own clock. */
import { describeMs } from "../../context/time.ts";

/** `2026-12-05 10:15 UTC` */
export function dateText(instant: Date): string {
  return `${instant.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `in 7 days`, `2 hours ago` */
export function distanceText(instant: Date, now: Date): string {
  const ms = instant.getTime() - now.getTime();
  if (Math.abs(ms) < 1000) return "now";
  return ms < 0 ? `expired ${describeMs(-ms)} ago` : `in ${describeMs(ms)}`;
}

/** Shortened in its middle. */
export function shorten(text: string, most: number): string {
  const characters = Array.from(text);
  if (characters.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${characters.slice(0, half).join("")}…${characters.slice(-half).join("")}`;
}
