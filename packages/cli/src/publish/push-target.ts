import { resolve } from "node:path";
import type { TargetPart } from "@dtuf/master";
import type { Run } from "../context/command.ts";
import { masterProgress, withMaster } from "./master.ts";

/** `@name` is another target, whose blobs are used again; `./@name` is a file of that name. */
export const run: Run = (context, [repo = "", target = "", ...words]) => {
  const parts = words.map((word): TargetPart =>
    word.startsWith("@")
      ? { kind: "target", name: word.slice(1) }
      : { kind: "file", path: resolve(context.io.cwd, word) },
  );
  const progress = masterProgress(context);
  return withMaster(context, repo, async (master) => {
    const file = await master.pushTarget(target, parts, { signal: context.io.signal, onProgress: progress.onProgress });
    progress.end();
    if (context.terminal.format === "json") {
      await context.terminal.printJson({ target, length: file.length, hashes: Object.fromEntries(file.hashes) });
    }
  });
};
