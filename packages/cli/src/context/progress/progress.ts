/**
 * Progress on stderr, of whatever moves bytes: bars on a terminal, a line each ten per cent where lines cannot be drawn
 * again (CI, a pipe, TERM=dumb), JSON lines for programs. Without `--progress` only of what lasts over a second.
 */
import type { Progress, ProgressCallback } from "@dtuf/registry";
import type { Context } from "../command.ts";
import { encodeJson } from "../json.ts";
import { canDraw } from "../screen/screen.ts";
import { showText } from "../screen/show-text.ts";
import { describeStep } from "./step-line.ts";
import { advance, createTotals, type Transfer } from "./transfers.ts";

export interface ProgressView {
  readonly onProgress: ProgressCallback;
  /** After the last byte: erases the bars. */
  end(): void;
}

/** What a command is about to move, as far as it knows. */
export interface Expected {
  readonly items: number;
  readonly bytes: number;
}

type Manner = "bars" | "lines" | "json" | "none";

const redrawMs = 100;
const jsonMs = 200;
const quietMs = 1000;

export function createProgress(context: Context, expected?: Expected): ProgressView {
  switch (chooseManner(context)) {
    case "bars":
      return createBars(context, expected);
    case "lines":
      return createLines(context, expected);
    case "json":
      return createJsonLines(context);
    case "none":
      return { onProgress: () => undefined, end: () => undefined };
  }
}

function chooseManner({ io, values }: Context): Manner {
  const choice = values.text("progress") || "auto";
  const isCi = (io.env["CI"] ?? "") !== "";
  if (choice === "json") return "json";
  if (choice === "0" || (choice === "auto" && values.on("quiet"))) return "none";
  if (choice === "auto" && !isCi && io.stderr.terminal === "pipe") return "none";
  return canDraw(io) && !isCi ? "bars" : "lines";
}

function leastAgeMs({ values }: Context): number {
  return values.text("progress") === "1" ? 0 : quietMs;
}

function keyOf({ kind, name, digest }: Progress): string {
  return `${kind}\n${name}\n${digest === undefined ? "" : digest}`;
}

/** A file below the working directory is named as the user names it. */
function nameOf({ io }: Context, { name, step }: Progress): string {
  const shown = showText(name.startsWith(`${io.cwd}/`) ? name.slice(io.cwd.length + 1) : name, io);
  return step === "hash" ? `reading ${shown}` : shown;
}

function createBars(context: Context, expected: Expected | undefined): ProgressView {
  const { io, screen } = context;
  const moving = new Map<string, Transfer>();
  const totals = createTotals(expected);
  const least = leastAgeMs(context);
  let started: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const draw = async (): Promise<void> => {
    if (io.now().getTime() - (started ?? 0) < least) return;
    const { drawBars } = await import("./bars.ts");
    if (timer === undefined) return;
    const all = [...moving.values()];
    drawBars(context, { moving: all, whole: totals.whole(all), leastAgeMs: least });
  };
  return {
    onProgress(report) {
      if (report.kind === "metadata") return;
      const at = io.now().getTime();
      started ??= at;
      timer ??= setInterval(() => void draw(), redrawMs).unref();
      // A digest is known only at the end of some uploads.
      const key = keyOf({ ...report, digest: undefined });
      const after = advance(moving.get(key), { ...report, name: nameOf(context, report) }, at);
      if (after.state === "moving") moving.set(key, after);
      else {
        moving.delete(key);
        totals.add(keyOf(report), after);
      }
    },
    end() {
      clearInterval(timer);
      timer = undefined;
      screen.erase();
    },
  };
}

/** Of several transfers only the whole, because lines stay: a log of a thousand files has ten of them. */
function createLines(context: Context, expected: Expected | undefined): ProgressView {
  const { io, program } = context;
  const least = leastAgeMs(context);
  const isWhole = expected !== undefined && expected.items > 1;
  const moving = new Map<string, Transfer>();
  const told = new Map<string, number>();
  const totals = createTotals(expected);
  const tell = (key: string, transfer: Transfer, at: number): void => {
    if (at - transfer.since < least) return;
    const step = describeStep(transfer, at, told.get(key) ?? 0);
    if (step === undefined) return;
    told.set(key, step.tenths);
    void io.stderr.write(`${program}: ${step.line}\n`);
  };
  return {
    onProgress(report) {
      if (report.kind === "metadata" || report.step === "hash") return;
      const at = io.now().getTime();
      const key = keyOf({ ...report, digest: undefined });
      const after = advance(moving.get(key), { ...report, name: nameOf(context, report) }, at);
      if (!isWhole) tell(key, after, at);
      if (after.state === "moving") moving.set(key, after);
      else {
        moving.delete(key);
        told.delete(key);
        totals.add(keyOf(report), after);
      }
      const whole = isWhole ? totals.whole([...moving.values()]) : undefined;
      if (whole !== undefined) tell("", whole, at);
    },
    end: () => undefined,
  };
}

/** docs/terminal.md has the schema. */
function createJsonLines({ io }: Context): ProgressView {
  const told = new Map<string, number>();
  return {
    onProgress(report) {
      const { step, kind, name, digest, bytes, totalBytes, isStored } = report;
      const [at, key] = [io.now().getTime(), `${step}\n${keyOf(report)}`];
      const isLast = isStored === true || (totalBytes !== undefined && bytes >= totalBytes);
      if (!isLast && at - (told.get(key) ?? Number.NEGATIVE_INFINITY) < jsonMs) return;
      if (isStored === true) told.delete(key);
      else told.set(key, at);
      const progress = { step, kind, name, digest, bytes, totalBytes, isStored };
      void io.stderr.write(`${encodeJson({ schemaVersion: 1, progress })}\n`);
    },
    end: () => undefined,
  };
}
