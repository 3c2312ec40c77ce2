import type { Copy } from "@dtuf/copy";
import type { Context, Run } from "../context/command.ts";
import { parseTargets, callOptions, withCopy } from "./copy.ts";

export const run: Run = (context, [repo = "", ...names]) =>
  withCopy(context, repo, (copy) => context.terminal.printEach("sizes", listSizes(context, copy, names)));

async function* listSizes(context: Context, copy: Copy, names: readonly string[]): AsyncIterable<number> {
  for (const path of parseTargets(names)) {
    yield* await copy.blobSizes(path, callOptions(context));
  }
}
