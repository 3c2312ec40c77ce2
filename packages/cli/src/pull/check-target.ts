import { resolve } from "node:path";
import { fileContent } from "@dtuf/registry";
import type { Run } from "../context/command.ts";
import { parseTargets, refreshMode, withCopy } from "./copy.ts";

export const run: Run = (context, [repo = "", name = "", ...files]) =>
  withCopy(context, repo, async (copy) => {
    for (const path of parseTargets([name])) {
      const contents = files.map((file) => fileContent(resolve(context.io.cwd, file)));
      await copy.checkTarget(path, contents, { mode: refreshMode(context), signal: context.io.signal });
    }
  });
