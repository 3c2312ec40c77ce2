import { dirname, resolve } from "node:path";
import type { Copy, SavedTarget, SaveOptions, TargetDestination, TargetInfo } from "@dtuf/copy";
import type { Progress } from "@dtuf/registry";
import { createDirectory } from "@dtuf/registry/files";
import { createProgress, type ProgressView } from "../../context/progress/progress.ts";
import type { Context } from "../../context/command.ts";
import { describeBytes, describeCount } from "../../context/time.ts";
import { callOptions } from "../copy.ts";
import { chooseDestinations, createDirectories, type Output } from "./destinations.ts";

export interface Wanted {
  readonly targets: readonly TargetInfo[];
  /** No stdout. */
  readonly output: Output;
}

/** Said one by one up to here. */
const namedMost = 4;

/** Writes them side by side, says so and, with `--json`, prints what was written. */
export async function saveAll(context: Context, copy: Copy, { targets: found, output }: Wanted): Promise<void> {
  const { terminal, values } = context;
  const wanted = chooseDestinations(context, found, output);
  const directory = output.kind === "file" ? dirname(output.path) : output.path;
  await createDirectory(directory);
  await createDirectories(directory, wanted);
  const progress = saveProgress(context, copy, wanted);
  const reports = new Map<string, SavedTarget>();
  await copy.saveTargets(wanted, {
    ...saveOptions(context),
    onProgress: progress.onProgress,
    onSaved: (report) => reports.set(report.destination, report),
    concurrency: values.count("concurrency"),
  });
  progress.end();
  const saved = wanted.map(({ target, destination }): Saved => {
    const { outcome = "written", fetchedBytes = 0, requests = 0, ways = [] } = reports.get(destination) ?? {};
    return { target, destination, outcome, fetchedBytes, requests, ways };
  });
  if (saved.length > namedMost) terminal.report(describeMany(saved, directory));
  else {
    for (const { target, destination, outcome } of saved) {
      const what = outcome === "written" ? `wrote ${destination}` : `unchanged: ${destination}`;
      terminal.report(`${what}, ${describeBytes(target.length)}, verified`);
    }
  }
  if (terminal.format !== "json") return;
  const targets = saved.map(({ target: { path, length, hashes }, destination, ...report }) => {
    return { path, length, hashes: Object.fromEntries(hashes), file: destination, ...report };
  });
  await terminal.printJson({ targets });
}

/** After an interrupt, whole files are kept, and of each other the partial file beside its destination. */
function saveProgress(context: Context, copy: Copy, wanted: readonly TargetDestination[]): ProgressView {
  const bytes = wanted.reduce((sum, { target }) => sum + target.length, 0);
  const view = createProgress(context, { items: wanted.length, bytes });
  const whole = new Set<string>();
  context.interruption.findKept = async () => {
    let kept = 0;
    for (const { target, destination } of wanted) {
      kept += whole.has(target.path) ? target.length : await copy.heldBytes(target, destination);
    }
    return { bytes: kept, totalBytes: bytes };
  };
  return {
    ...view,
    onProgress(report) {
      if (report.isStored === true) whole.add(report.name);
      view.onProgress(report);
    },
  };
}

type Saved = SavedTarget & TargetDestination;

/** How files are saved, and planned. */
export function saveOptions(context: Context): SaveOptions {
  const { io, values } = context;
  const seeds = values.list("seed").map((file) => resolve(io.cwd, file));
  return { same: "keep", seeds, ...callOptions(context) };
}

function describeMany(saved: readonly Saved[], directory: string): string {
  const written = saved.filter(({ outcome }) => outcome === "written");
  const bytes = written.reduce((sum, { target }) => sum + target.length, 0);
  const same = saved.length - written.length;
  const unchanged = same === 0 ? "" : `; ${same} unchanged`;
  return `wrote ${describeCount(written.length, "target")} into ${directory}, ${describeBytes(bytes)}, verified${unchanged}`;
}

export function wholeTarget({ path: name, length }: TargetInfo): Progress {
  return { step: "download", kind: "target", name, bytes: length, totalBytes: length, isStored: true };
}

/** Their bytes on stdout, one target after the other. */
export async function writeAll(context: Context, copy: Copy, targets: readonly TargetInfo[]): Promise<void> {
  const progress = createProgress(context);
  const options = { ...callOptions(context), onProgress: progress.onProgress };
  for (const target of targets) {
    await context.terminal.writeStream(await copy.openTarget(target, options));
    progress.onProgress(wholeTarget(target));
  }
  progress.end();
}
