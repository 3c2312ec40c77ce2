/** What is being moved, as the reports of the libraries tell it. */
import type { Progress } from "@dtuf/registry";

export interface Transfer {
  readonly name: string;
  readonly step: Progress["step"];
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  readonly state: "moving" | "done";
  /** Milliseconds of the clock at the beginning of the step. */
  readonly since: number;
  /** How far it was at some instants of the last seconds, the oldest first. */
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

const rateWindowMs = 4000;
const sampleMs = 200;

/** The transfer after one more report. A new step and a new attempt begin from 0. */
export function advance(before: Transfer | undefined, report: Progress, at: number): Transfer {
  const { name, step, bytes, totalBytes } = report;
  const isSame = before?.step === step && bytes >= before.bytes;
  const samples = isSame ? before.samples : [];
  const last = samples.at(-1);
  const isDue = last === undefined || at - last.at >= sampleMs;
  const isDone = report.isStored === true || (step === "hash" && totalBytes !== undefined && bytes >= totalBytes);
  return {
    name,
    step,
    bytes,
    totalBytes,
    state: isDone ? "done" : "moving",
    since: before?.step === step ? before.since : at,
    samples: isDue ? [...samples.filter((each) => at - each.at <= rateWindowMs), { at, bytes }] : samples,
  };
}

/** Bytes per second over the last seconds; undefined at the beginning. Falls while nothing comes. */
export function rateOf({ samples, bytes }: Pick<Transfer, "samples" | "bytes">, at: number): number | undefined {
  const [first] = samples;
  const ms = first === undefined ? 0 : at - first.at;
  return first === undefined || ms < 500 ? undefined : ((bytes - first.bytes) * 1000) / ms;
}

export interface Totals {
  /** Of a transfer that is done. It counts once, however often it is told. */
  add(id: string, done: Transfer): void;
  /** All that is moving and was moved, as one; undefined if there is only one transfer. */
  whole(moving: readonly Transfer[]): Transfer | undefined;
}

export function createTotals(expected: { readonly items: number; readonly bytes: number } | undefined): Totals {
  const done = { ids: new Set<string>(), bytes: 0, since: Number.POSITIVE_INFINITY };
  return {
    // A file that was read before it is uploaded has not moved yet.
    add(id, { step, bytes, since }) {
      if (step === "hash" || done.ids.has(id)) return;
      done.ids.add(id);
      done.bytes += bytes;
      done.since = Math.min(done.since, since);
    },
    whole(moving) {
      if (Math.max(expected?.items ?? 0, done.ids.size + moving.length) < 2) return undefined;
      const known = moving.reduce((sum, each) => sum + (each.totalBytes ?? each.bytes), done.bytes);
      return {
        name: "in all",
        step: "download",
        bytes: moving.reduce((sum, { step, bytes }) => sum + (step === "hash" ? 0 : bytes), done.bytes),
        totalBytes: Math.max(expected?.bytes ?? 0, known),
        state: "moving",
        since: Math.min(done.since, ...moving.map(({ since }) => since)),
        samples: [],
      };
    },
  };
}
