/** Instants and durations as a person reads them. */

const units: readonly (readonly [unit: string, ms: number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

/** `2026-12-05 10:15 UTC (in 7 days)`, `… (2 hours ago)`. */
export function describeInstant(instant: Date, now: Date): string {
  const shown = `${instant.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const distance = instant.getTime() - now.getTime();
  if (Math.abs(distance) < 1000) return `${shown} (now)`;
  return `${shown} (${distance < 0 ? `${describeMs(-distance)} ago` : `in ${describeMs(distance)}`})`;
}

/** In the largest unit that gives 2 or more, rounded to the nearest: `90 minutes`, `7 days`. */
export function describeMs(ms: number): string {
  const [unit, size] = units.find(([, each]) => ms >= 2 * each) ?? ["second", 1000];
  const count = Math.round(ms / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** `3 targets`, `1 target`. */
export function describeCount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** `12 bytes`, `1.5 MiB`. */
export function describeBytes(bytes: number): string {
  if (bytes < 1024) return describeCount(bytes, "byte");
  const scales = ["KiB", "MiB", "GiB", "TiB"] as const;
  const step = Math.min(Math.floor(Math.log2(bytes) / 10), scales.length);
  return `${(bytes / 1024 ** step).toFixed(1)} ${scales[step - 1] ?? "TiB"}`;
}
