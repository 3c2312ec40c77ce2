import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { collect } from "@dtuf/registry";
import type { Run } from "../command.ts";
import { withMaster } from "../master.ts";

/** TUF's bound for a root. */
const rootMaxBytes = 512_000;

export const run: Run = async (context, [repo = "", file = ""]) => {
  const { io, values } = context;
  const root = file === "-" ? await collect(io.stdin.stream, rootMaxBytes) : await readFile(resolve(io.cwd, file));
  const expectSnapshot = values.text("expect-snapshot");
  return withMaster(context, repo, (master) =>
    master.adopt({ root, signal: io.signal, ...(expectSnapshot === undefined ? {} : { expectSnapshot }) }),
  );
};
