/**
 * Progress on stderr, as dtuf had it: the first eight digits of the digest, a bar, percent, bytes. Only on a terminal
 * (DTUF_PROGRESS=1: always, 0: never), and only for what takes over a second. One line at a time is redrawn.
 */
import type { Context } from "./command.ts";

export interface ProgressBar {
  /** `done` of `total` bytes, counted from 0. */
  update(done: number): void;
  end(): void;
}

const redrawMs = 100;
const quietMs = 1000;

export function createProgress(context: Context): (name: string, total: number) => ProgressBar {
  const { io, values } = context;
  const choice = values.text("progress");
  const automatic = io.stderr.terminal === "terminal" && (io.env["CI"] ?? "") === "" && !values.on("quiet");
  const shown = choice === "1" || (choice !== "0" && automatic);
  if (!shown) return () => ({ update: () => undefined, end: () => undefined });
  const started = io.now().getTime();
  let drawn = choice === "1" ? Number.NEGATIVE_INFINITY : started + quietMs - redrawMs;
  return (name, total) => {
    let last = -1;
    const draw = (done: number, ending: "\r" | "\n"): void => {
      last = done;
      drawn = io.now().getTime();
      const line = progressLine(name, { done, total }, io.stderr.columns);
      void io.stderr.write(io.stderr.terminal === "terminal" ? `${line}${ending}` : `${line}\n`);
    };
    return {
      update: (done) => {
        if (done !== last && io.now().getTime() - drawn >= redrawMs) draw(done, "\r");
      },
      end: () => {
        if (last !== -1 || choice === "1") draw(total, "\n");
      },
    };
  };
}

function progressLine(name: string, { done, total }: { done: number; total: number }, columns: number): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const figures = ` ${String(percent).padStart(3)}% ${done}/${total}`;
  const label = name.slice(0, 8).padEnd(8);
  const width = Math.max(0, Math.min(40, columns - label.length - figures.length - 4));
  const filled = Math.round((width * percent) / 100);
  return `${label} ${"#".repeat(filled)}${"-".repeat(width - filled)}${figures}`;
}
