/** Progress of what is sent to a store. */
import { stat } from "node:fs/promises";
import { forEachConcurrently } from "@dtuf/registry";
import type { Context } from "../command.ts";
import { createProgress, type Expected, type ProgressView } from "./progress.ts";

/**
 * After an interrupt, what the store has already is not sent again, and that is said.
 * @param partial what becomes of it after an interrupt: an archive is written whole or not at all
 */
export function uploadProgress(
  context: Context,
  { expected, partial = "kept" }: { readonly expected?: Expected; readonly partial?: "kept" | "dropped" } = {},
): ProgressView {
  const view = createProgress(context, expected);
  const stored = new Map<string, number>();
  const underWay = new Map<string, number>();
  if (partial === "kept") {
    context.interruption.findKept = () => {
      const [bytes, sentInVain] = [sumOf(stored), sumOf(underWay)];
      return Promise.resolve({ bytes, totalBytes: expected?.bytes, sentInVain });
    };
  }
  return {
    ...view,
    onProgress(report) {
      // What begins with @ is a part of another target, and no file.
      const { isStored, kind, name, digest, bytes, step } = report;
      if (isStored === true) underWay.delete(name);
      else if (step === "upload" && kind !== "metadata") underWay.set(name, bytes);
      if (isStored === true && !name.startsWith("@")) stored.set(`${name}\n${digest ?? ""}`, bytes);
      view.onProgress(report);
    },
  };
}

function sumOf(bytes: ReadonlyMap<string, number>): number {
  return [...bytes.values()].reduce((sum, each) => sum + each, 0);
}

const filesAtOnce = 16;

/** @param paths what cannot be looked at counts as empty: its upload will say why */
export async function expectFiles(paths: readonly string[]): Promise<Expected> {
  let bytes = 0;
  await forEachConcurrently(paths, filesAtOnce, async (path) => {
    bytes += await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
  });
  return { items: paths.length, bytes };
}
